import type { FailureKind } from './failure-kind.js';
import { TAKEOVER_COMMAND } from './fence.js';
import { GATE_FAILURES } from './gate-failures.js';

/** Every way Meshlift says no or stops. Used by activities, retry policies, the API, the CLI and the reference. */
export const FAILURES = {
  // --- refusals: the request was wrong
  InvalidRequest: {
    meaning: 'refuse',
    status: 400,
    sentence: 'The request does not have the documented form.',
    nextStep: 'Correct the field that the message names; /openapi.json describes every request.',
  },
  Unauthorized: {
    meaning: 'refuse',
    status: 401,
    sentence: 'The request carries no valid bearer token.',
    nextStep: 'Send `Authorization: Bearer <token>`; `meshlift serve` prints where the token is kept.',
  },
  UnknownCluster: {
    meaning: 'refuse',
    status: 404,
    sentence: 'No cluster of that id is registered on this server.',
    nextStep: 'List the registered clusters with `GET /v1/clusters`, or add it to the configuration file and restart.',
  },
  UnknownRelease: {
    meaning: 'refuse',
    status: 404,
    sentence: 'The release catalogue does not have that version.',
    nextStep: 'List the known releases with `GET /v1/releases`, or add the release to the configuration file.',
  },
  UnknownOverlay: {
    meaning: 'refuse',
    status: 422,
    sentence: 'An overlay was named that the server configuration does not have.',
    nextStep: 'Register the file under `overlays` in the configuration file and restart.',
  },
  OverlayChanged: {
    meaning: 'block',
    status: 422,
    sentence: 'An overlay file is not what it was when the plan was made, or cannot be read.',
    nextStep:
      'Put the file back as it was and `retry`; or cancel the run and start one with the new file, whose plan shows it.',
  },
  UnknownRun: {
    meaning: 'refuse',
    status: 404,
    sentence: 'There is no such run of that cluster.',
    nextStep: 'List the runs with `GET /v1/upgrades`.',
  },
  NotFound: {
    meaning: 'refuse',
    status: 404,
    sentence: 'There is nothing at that address.',
    nextStep: 'See /openapi.json for the routes.',
  },
  PayloadTooLarge: {
    meaning: 'refuse',
    status: 413,
    sentence: 'The request body is larger than the server accepts.',
    nextStep: 'Send less; no request of Meshlift needs more than a few kilobytes.',
  },
  UnsupportedMediaType: {
    meaning: 'refuse',
    status: 415,
    sentence: 'The request body is not JSON.',
    nextStep: 'Send `Content-Type: application/json`.',
  },
  TooManyRequests: {
    meaning: 'refuse',
    status: 429,
    sentence: 'Too many requests came from this address.',
    nextStep: 'Wait as long as Retry-After says.',
  },
  MissingIdempotencyKey: {
    meaning: 'refuse',
    status: 400,
    sentence: 'Starting an upgrade needs an Idempotency-Key header.',
    nextStep: 'Send any unique string, for instance a UUID, and send the same one when you repeat the request.',
  },
  IdempotencyKeyReused: {
    meaning: 'refuse',
    status: 422,
    sentence: 'The same Idempotency-Key was used before with a different request.',
    nextStep: 'Use a new key for a new request.',
  },
  RunAlreadyOpen: {
    meaning: 'refuse',
    status: 409,
    sentence: 'An upgrade of this cluster is already under way.',
    nextStep: 'Look at it with `meshlift get <cluster>`; one cluster has at most one open run.',
  },
  WrongPhase: {
    meaning: 'refuse',
    status: 409,
    sentence: 'The command does not fit the phase that the run is in.',
    nextStep: 'Look at the run with `meshlift get <cluster>`; it says what it waits for.',
  },
  RollbackExpired: {
    meaning: 'refuse',
    status: 409,
    sentence: 'The succeeded run can no longer be rolled back: its grace after the end is over.',
    nextStep: 'Install the older release anew by its own documentation; the backup is still in the folder of the run.',
  },
  WrongGate: {
    meaning: 'refuse',
    status: 409,
    sentence: 'The promotion names another gate than the one the run waits at.',
    nextStep: 'Promote the gate that the run names; a promotion never opens a later gate.',
  },
  PlanChanged: {
    meaning: 'refuse',
    status: 409,
    sentence: 'The promotion is bound to another plan than the one this run follows.',
    nextStep: 'Read the plan of the run again and promote with its hash.',
  },
  UnknownNamespace: {
    meaning: 'refuse',
    status: 404,
    sentence: 'The namespace is not part of this run, or does not exist.',
    nextStep: 'Name a namespace of one of the waves of the plan.',
  },
  NotReady: {
    meaning: 'refuse',
    status: 503,
    sentence: 'A part that Meshlift needs does not answer yet.',
    nextStep: 'See /readyz for which part, and try again.',
  },
  Internal: {
    meaning: 'block',
    status: 500,
    sentence: 'Something happened that Meshlift did not expect.',
    nextStep: 'Look into the log of the server, then `meshlift retry <cluster>`.',
  },

  // --- before anything changes
  UnsupportedSource: {
    meaning: 'block',
    status: 422,
    sentence: 'The version gate does not allow this upgrade.',
    nextStep: 'Follow the route that the message names.',
  },
  NothingToDo: {
    meaning: 'block',
    status: 422,
    sentence: 'The cluster already runs this release or a newer one.',
    nextStep: 'Nothing needs to be done.',
  },
  ClusterUnreachable: {
    meaning: 'retry',
    status: 502,
    sentence: 'The API server of the cluster does not answer.',
    nextStep: 'Check the network and the credentials of the registered kubeconfig, then `meshlift retry <cluster>`.',
  },
  PermissionDenied: {
    meaning: 'block',
    status: 403,
    sentence: 'The API server refuses what Meshlift needs to do.',
    nextStep: 'Grant the rights in infra/rbac to the registered identity, then `meshlift retry <cluster>`.',
  },
  FencedOff: {
    meaning: 'block',
    status: 409,
    sentence: 'The run of another Meshlift holds this cluster. Nothing was changed.',
    nextStep: `Wait for that run to end, then \`meshlift retry <cluster>\`. Only if it is gone for good: \`${TAKEOVER_COMMAND}\` first.`,
  },
  KubernetesRequestFailed: {
    meaning: 'block',
    status: 502,
    sentence: 'The API server answered a request with an error that does not heal by itself.',
    nextStep: 'Read the message of the API server, mend its cause, then `meshlift retry <cluster>`.',
  },

  // --- releases
  DownloadFailed: {
    meaning: 'retry',
    status: 502,
    sentence: 'The release archive could not be downloaded.',
    nextStep: 'Check that the server can reach the base URL of the release.',
  },
  SignatureInvalid: {
    meaning: 'block',
    status: 422,
    sentence: 'The archive is not what the key of the release signed, or has not its SHA-256. Nothing was unpacked.',
    nextStep:
      'Do not use this archive. Find out where it came from, fetch the true one, then `meshlift retry <cluster>`.',
  },
  ArchiveInvalid: {
    meaning: 'block',
    status: 422,
    sentence: 'The archive does not hold what the release should hold.',
    nextStep: 'Fetch the archive again from the vendor, then `meshlift retry <cluster>`.',
  },
  DiskFull: {
    meaning: 'block',
    status: 507,
    sentence: 'There is no room left for the release archive on the machine of the worker.',
    nextStep: 'Make room in the folder that the message names, then `meshlift retry <cluster>`.',
  },

  WayBackUnusable: {
    meaning: 'block',
    status: 422,
    sentence: 'The tools that would bring 1.5 back cannot do it, so the upgrade did not begin. Nothing was changed.',
    nextStep:
      'Register a kubectl within one minor of the cluster under `clusters`, or choose options that 1.5 knows as well, then `meshlift retry <cluster>`.',
  },

  // --- the control plane
  InstallFailed: {
    meaning: 'block',
    status: 500,
    sentence: 'istioctl could not install the new control plane.',
    nextStep: 'Read its output with `meshlift operations <cluster>`, then retry or roll back.',
  },
  HelmFailed: {
    meaning: 'block',
    status: 500,
    sentence: 'Helm did not do what it was asked for, or its releases are not as the run needs them.',
    nextStep: 'Look at `helm list --all -n istio-system` and at the last lines of Helm, then `retry`; or roll back.',
  },
  ControlPlaneNotReady: {
    meaning: 'block',
    status: 500,
    sentence: 'The new control plane did not become ready, or does not inject its own sidecar.',
    nextStep: 'Look at the pods of istio-system, then retry or roll back. No workload has moved.',
  },
  TagNotMoved: {
    meaning: 'block',
    status: 500,
    sentence: 'A revision tag does not lead where it should, or a pod that asks for it gets another sidecar.',
    nextStep:
      'Look at `istioctl tag list` and at the injection webhooks, then retry or roll back. Pods that run are not touched by a tag.',
  },
  GatewayChanged: {
    meaning: 'block',
    status: 500,
    sentence: 'What people outside rely on in front of a gateway is not as it was before the run.',
    nextStep:
      'Look at the Service, autoscaler or budget that the message names, put it right, then `retry`; or roll back.',
  },
  ValidationBroken: {
    meaning: 'block',
    status: 500,
    sentence: 'The validation of Istio configuration does not work as it did before.',
    nextStep: 'Look at the ValidatingWebhookConfiguration and Service istiod, then `meshlift retry <cluster>`.',
  },
  OldRevisionInUse: {
    meaning: 'block',
    status: 409,
    sentence: 'Something still uses the old control plane, so it was not removed.',
    nextStep: 'Move or remove what the message names, then `meshlift retry <cluster>`. Nothing was removed yet.',
  },

  // --- workloads
  WorkloadNotReady: {
    meaning: 'block',
    status: 500,
    sentence: 'A workload did not become ready with its new sidecar in time.',
    nextStep: 'Look at the pods that the message names, then retry, skip the namespace, or roll back.',
  },
  SidecarMissing: {
    meaning: 'block',
    status: 500,
    sentence: 'A pod came back without a sidecar.',
    nextStep: 'Check the labels of the namespace and the injection webhook, then retry or roll back.',
  },
  SidecarWrong: {
    meaning: 'block',
    status: 500,
    sentence: 'A pod came back with the sidecar of another revision.',
    nextStep: 'Check the labels of the namespace and the injection webhook, then retry or roll back.',
  },
  WorkloadPaused: {
    meaning: 'block',
    status: 409,
    sentence: 'A Deployment is paused, so it cannot be restarted.',
    nextStep: 'Resume it with `kubectl rollout resume`, then `meshlift retry <cluster>`, or skip the namespace.',
  },
  ProgressDeadlineExceeded: {
    meaning: 'block',
    status: 500,
    sentence: 'A Deployment made no progress for as long as its progressDeadlineSeconds allows.',
    nextStep: 'Look at the pods that the message names, then retry, skip the namespace, or roll back.',
  },
  CrashLoopBackOff: {
    meaning: 'block',
    status: 500,
    sentence: 'Containers of new pods have ended three times or more, and are started ever more slowly.',
    nextStep:
      'Read `kubectl logs --previous` of the pods that the message names, then retry, skip the namespace, or roll back.',
  },
  ImagePullBackOff: {
    meaning: 'block',
    status: 500,
    sentence: 'The nodes cannot pull an image of the new pods.',
    nextStep:
      'Check the image name and the way to its registry, the proxy image included, then retry, skip the namespace, or roll back.',
  },
  Unschedulable: {
    meaning: 'block',
    status: 500,
    sentence: 'No node had room for new pods in time.',
    nextStep:
      'Make room for the requests of the pods and their sidecars, then retry, skip the namespace, or roll back.',
  },
  FailedCreateWebhook: {
    meaning: 'block',
    status: 500,
    sentence: 'An admission webhook refused the new pods, or could not be called.',
    nextStep:
      'Mend the webhook that the message names (for the injector: its istiod), then retry, skip the namespace, or roll back.',
  },
  FailedCreateQuota: {
    meaning: 'block',
    status: 409,
    sentence: 'A ResourceQuota leaves no room for the new pods with their sidecars.',
    nextStep: 'Raise the quota that the message names, then retry, skip the namespace, or roll back.',
  },
  FailedCreate: {
    meaning: 'block',
    status: 500,
    sentence: 'The API server refused to create the new pods.',
    nextStep: 'Mend what the message of the API server names, then retry, skip the namespace, or roll back.',
  },
  EvictionRefused: {
    meaning: 'block',
    status: 409,
    sentence: 'A PodDisruptionBudget allowed no eviction in time.',
    nextStep: 'Let the budget that the message names allow a disruption, then retry, or skip the namespace.',
  },
  RolloutUnfinished: {
    meaning: 'block',
    status: 409,
    sentence:
      'A workload did not finish the rollout that somebody else had begun, and a restart is not stacked upon it.',
    nextStep: 'Finish or undo that rollout, then retry, or skip the namespace.',
  },
  JobsUnfinished: {
    meaning: 'block',
    status: 409,
    sentence: 'Jobs did not finish in time, so the control plane that their sidecars use stays.',
    nextStep: 'Let them finish or end them, then `meshlift retry <cluster>`. Nothing was removed yet.',
  },
  PodsUnmanaged: {
    meaning: 'block',
    status: 409,
    sentence: 'Pods that Meshlift must not touch still run a sidecar of the control plane that is to go, so it stays.',
    nextStep:
      'Replace the pods that the message names yourself, or (on the way forward) waive them, then `meshlift retry <cluster>`. Nothing was removed yet.',
  },
  NamespaceChanged: {
    meaning: 'block',
    status: 409,
    sentence: 'Somebody else changed the labels of a namespace during the run.',
    nextStep: 'Find out who, then `meshlift retry <cluster>`.',
  },
  ClusterChanged: {
    meaning: 'block',
    status: 409,
    sentence: 'The cluster is no longer as the succeeded run left it, so going back would be guessing.',
    nextStep: 'Undo what the message names, or leave the mesh as it is; nothing was changed yet.',
  },

  // --- waiting and going back
  PromotionTimedOut: {
    meaning: 'block',
    status: 408,
    sentence: 'Nobody promoted the gate in time. The mesh is safe to stay as it is.',
    nextStep: '`meshlift retry <cluster>` waits again; or roll back.',
  },
  ReinstallFailed: {
    meaning: 'block',
    status: 500,
    sentence: 'istioctl of the old release ran, but the old control plane is not there as it should be.',
    nextStep:
      'Read its output with `meshlift operations <cluster>`. Every workload is on its old sidecar already; mend what the message names, then `meshlift retry <cluster>`.',
  },
  SnapshotMissing: {
    meaning: 'block',
    status: 500,
    sentence: 'The snapshot of this run cannot be read, so going back would be guessing.',
    nextStep: 'Restore the data folder of the server from its backup, then `meshlift retry <cluster>`.',
  },
  SnapshotDiffers: {
    meaning: 'block',
    status: 500,
    sentence: 'After the rollback something differs from the snapshot.',
    nextStep: 'Mend what the message names, then `meshlift retry <cluster>`.',
  },
  ...GATE_FAILURES,
} as const satisfies Record<string, FailureKind>;

export type FailureReason = keyof typeof FAILURES;

/** Whether a word is one of {@link FAILURES}. */
export function isFailureReason(word: string): word is FailureReason {
  return Object.hasOwn(FAILURES, word);
}
