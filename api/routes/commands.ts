import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import type { RunCommand } from '../../domain/run.js';
import type { AppDeps } from '../deps.js';
import { updateIdOf } from '../idempotency.js';
import { checkRunPath } from '../lookups.js';
import { emptyBody, promoteBody, reasonBody, skipBody } from '../schemas/commands.js';
import { actorHeadersSchema, actorOf, orProblem, runPathSchema } from '../schemas/common.js';
import { runStateSchema } from '../schemas/run.js';

type CommandDeps = Pick<AppDeps, 'clusters' | 'runs'>;

/** One command: the last part of its route, what its body holds, and what it asks of the run. */
interface Verb<Body extends z.ZodType> {
  readonly verb: string;
  readonly summary: string;
  readonly body: Body;
  readonly command: (body: z.output<Body>, by: string) => RunCommand;
}

/** What a person can tell a run. A command that does not fit its phase is refused with a sentence. */
export function commandRoutes(deps: CommandDeps): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    addCommand(app, deps, {
      verb: 'pause',
      summary: 'No new restart and no new step begins; what is restarting finishes',
      body: reasonBody,
      command: ({ reason }, by) => ({ type: 'pause', by, reason }),
    });
    addCommand(app, deps, {
      verb: 'resume',
      summary: 'Goes on after a pause',
      body: emptyBody,
      command: (_body, by) => ({ type: 'resume', by }),
    });
    addCommand(app, deps, {
      verb: 'promote',
      summary: 'Opens the gate that the run waits at, for the plan that it follows',
      body: promoteBody,
      command: ({ gate, planHash }, by) => ({ type: 'promote', by, gate, planHash }),
    });
    addCommand(app, deps, {
      verb: 'rollback',
      summary: 'Goes back to exactly what was there before the run',
      body: reasonBody,
      command: ({ reason }, by) => ({ type: 'rollBack', by, reason }),
    });
    addCommand(app, deps, {
      verb: 'retry',
      summary: 'Goes on from where the run is blocked',
      body: emptyBody,
      command: (_body, by) => ({ type: 'retry', by }),
    });
    addCommand(app, deps, {
      verb: 'skip',
      summary: 'Leaves out a namespace that waits or failed',
      body: skipBody,
      command: ({ namespace, reason }, by) => ({ type: 'skipNamespace', by, namespace, reason }),
    });
    addCommand(app, deps, {
      verb: 'cancel',
      summary: 'Drops a run that has changed nothing yet',
      body: emptyBody,
      command: (_body, by) => ({ type: 'cancel', by }),
    });
    done();
  };
}

type ZodApp = Parameters<FastifyPluginCallbackZod>[0];

function addCommand<Body extends z.ZodType>(app: ZodApp, deps: CommandDeps, verb: Verb<Body>): void {
  app.post(
    `/upgrades/:cluster/:runId/${verb.verb}`,
    {
      schema: {
        tags: ['commands'],
        operationId: `${verb.verb}Upgrade`,
        summary: verb.summary,
        params: runPathSchema,
        headers: actorHeadersSchema,
        body: verb.body,
        response: { 200: runStateSchema, ...orProblem },
      },
    },
    async ({ params, headers, body }) => {
      checkRunPath(deps, params);
      const command = verb.command(body as z.output<Body>, actorOf(headers));
      const key = headers['idempotency-key'];
      const updateId = key === undefined ? undefined : updateIdOf(key, command);
      return deps.runs.command(params.cluster, params.runId, command, updateId);
    },
  );
}
