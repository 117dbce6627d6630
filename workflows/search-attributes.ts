import { defineSearchAttributeKey } from '@temporalio/common';

/** By these Temporal's index finds runs. They are stored in clear and must be registered on the server. */
export const MESH_CLUSTER = defineSearchAttributeKey('MeshCluster', 'KEYWORD');
/** Version of the release that the run goes to. */
export const MESH_RELEASE = defineSearchAttributeKey('MeshRelease', 'KEYWORD');
/** Name of the phase; the run itself keeps it up to date. */
export const MESH_PHASE = defineSearchAttributeKey('MeshPhase', 'KEYWORD');
