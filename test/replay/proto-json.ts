import { createRequire } from 'node:module';
import type { WorkflowHandle } from '@temporalio/client';

/** A history as Temporal's client gives it and its worker takes it. */
export type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

interface Converter {
  readonly toJson: (type: unknown, message: unknown) => unknown;
  readonly fromJson: (type: unknown, json: unknown, options: object) => unknown;
}
interface Root {
  lookupType(name: string): { fromObject(object: object): unknown };
}

// The SDK's own historyToJSON fails where npm has put a copy of protobufjs beside each of its packages, as it does here:
// type and converter must come from the same copy.
const fromCommon = createRequire(createRequire(import.meta.url).resolve('@temporalio/common'));
const fromProto = createRequire(fromCommon.resolve('@temporalio/proto'));
const converter = fromProto('protobufjs/ext/protojson') as Converter;
const { patchProtobufRoot } = fromCommon('@temporalio/proto/lib/patch-protobuf-root') as {
  readonly patchProtobufRoot: (root: unknown) => Root;
};
const HISTORY = patchProtobufRoot(fromCommon('@temporalio/proto')).lookupType('temporal.api.history.v1.History');

/** A history as the JSON that all tools of Temporal share. */
export function historyToJson(history: History): object {
  return converter.toJson(HISTORY, HISTORY.fromObject(history)) as object;
}

/** The way back. */
export function historyFromJson(json: object): History {
  return converter.fromJson(HISTORY, json, { ignoreUnknownFields: true }) as History;
}
