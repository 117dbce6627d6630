import { Client, Connection } from '@temporalio/client';

/** What the runs of one server have written into Temporal's histories. */
export interface Histories {
  readonly workflows: number;
  readonly events: number;
  readonly bytes: number;
  /** The longest single one: what Temporal's limits and continue-as-new are about. */
  readonly longestEvents: number;
  readonly longestBytes: number;
}

/** Adds up the histories of every workflow that a Temporal server knows. @param address host and port */
export async function readHistories(address: string): Promise<Histories> {
  const connection = await Connection.connect({ address });
  try {
    const client = new Client({ connection });
    const sizes: { events: number; bytes: number }[] = [];
    for await (const { workflowId, runId } of client.workflow.list()) {
      const { historyLength, historySize } = await client.workflow.getHandle(workflowId, runId).describe();
      sizes.push({ events: historyLength, bytes: historySize ?? 0 });
    }
    const most = (pick: (size: { events: number; bytes: number }) => number) => Math.max(0, ...sizes.map(pick));
    return {
      workflows: sizes.length,
      events: sizes.reduce((sum, { events }) => sum + events, 0),
      bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
      longestEvents: most(({ events }) => events),
      longestBytes: most(({ bytes }) => bytes),
    };
  } finally {
    await connection.close();
  }
}
