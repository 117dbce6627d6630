import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import type { RunCommand } from '../../domain/run.js';
import type { AppDeps } from '../deps.js';
import { changedPlanHash, updateIdOf } from '../idempotency.js';
import { checkRunPath } from '../lookups.js';
import { emptyBody, policyBody, promoteBody, reasonBody, skipBody } from '../schemas/commands.js';
import { actorHeadersSchema, actorOf, orProblem, runPathSchema } from '../schemas/common.js';
import { runStateSchema, startedSchema } from '../schemas/run.js';

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
      summary:
        'Opens the gate that the run waits at, for the plan that it follows; or changes its soak, or overrides it',
      body: promoteBody,
      command: ({ gate, planHash, soak, override }, by) => ({
        type: 'promote',
        by,
        gate,
        planHash,
        ...(soak === undefined ? {} : { soak }),
        ...(override === undefined ? {} : { override }),
      }),
    });
    addCommand(app, deps, {
      verb: 'policy',
      summary: 'Another policy for the waves that have not begun; those that have keep theirs',
      body: policyBody,
      command: ({ planHash, policy }, by) => ({
        type: 'changePolicy',
        by,
        planHash,
        policy,
        newHash: changedPlanHash(planHash, policy),
      }),
    });
    addRollBack(app, deps);
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

/** Its own, because a succeeded run is taken back by a new one: then the answer leads there. */
function addRollBack(app: ZodApp, deps: CommandDeps): void {
  app.post(
    '/upgrades/:cluster/:runId/rollback',
    {
      schema: {
        tags: ['commands'],
        operationId: 'rollbackUpgrade',
        summary: 'Goes back to exactly what was there before the run; after its end a new run does, within the grace',
        params: runPathSchema,
        headers: actorHeadersSchema,
        body: reasonBody,
        response: {
          200: runStateSchema,
          202: startedSchema.meta({ description: 'A new run takes the succeeded one back; `Location` leads to it.' }),
          ...orProblem,
        },
      },
    },
    async ({ params, headers, body }, reply) => {
      checkRunPath(deps, params);
      const { cluster, runId } = params;
      const asked = { cluster, runId, by: actorOf(headers), reason: body.reason, key: headers['idempotency-key'] };
      const answer = await deps.runs.rollBack(asked);
      if (answer.kind === 'command') return reply.code(200).send(answer.state);
      void reply.code(202).header('location', `/v1/upgrades/${cluster}/${answer.runId}`);
      return reply.send({ cluster, runId: answer.runId });
    },
  );
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
