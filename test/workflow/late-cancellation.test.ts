import { Worker } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openBench } from './support/bench.js';
import type { cancelsAtOnce } from './support/late-cancellation.js';

const bench = openBench();

it('a move that is cancelled before its start was answered is started, told so, and waited for', async () => {
  const { client, nativeConnection } = bench.env();
  const worker = await Worker.create({
    connection: nativeConnection,
    taskQueue: 'late-cancellation',
    workflowsPath: fileURLToPath(new URL('support/late-cancellation.ts', import.meta.url)),
  });
  const workflowId = 'late-cancellation';
  const order = await worker.runUntil(
    client.workflow.execute<typeof cancelsAtOnce>('cancelsAtOnce', {
      workflowId,
      taskQueue: 'late-cancellation',
      args: [workflowId],
    }),
  );
  expect(order).toEqual(['the start', 'the move', 'the wait']);
});
