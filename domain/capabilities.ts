import type { DriverName } from './driver.js';

/** `yes`: done. `refused`: recognised, and refused before anything is changed. `none`: does not exist in that generation. */
export type Support = 'yes' | 'refused' | 'none';

/** What a driver can do, feature by feature: the table of docs/reference/drivers.md. */
export interface Capability {
  readonly feature: string;
  readonly support: Readonly<Record<DriverName, Support>>;
  /** What is behind it, or what to know about it. */
  readonly note: string;
}

const row = (feature: string, guide: Support, current: Support, note: string): Capability => ({
  feature,
  support: { 'asm-1.6': guide, 'istio-revisioned': current },
  note,
});

/** Every feature that tells the drivers apart. */
export const CAPABILITIES: readonly Capability[] = [
  row('Namespaces labelled with a revision', 'yes', 'yes', 'One patch sets and removes both labels.'),
  row(
    'Namespaces labelled with a revision tag',
    'none',
    'yes',
    'The tag moves with the wave of its last namespace; before that a canary asks for the new revision by name.',
  ),
  row(
    'Namespaces with `istio-injection=enabled`',
    'yes',
    'yes',
    'Current Istio: the default tag takes the place of a control plane without a revision, and the labels stay.',
  ),
  row('Validation moves before the old control plane goes', 'yes', 'yes', 'Service `istiod`, or the default tag.'),
  row('Rollback from every gate, and after the end', 'yes', 'yes', 'Compared with the snapshot.'),
  row('Native sidecars', 'none', 'yes', 'Found among the init containers.'),
  row('Archives proven by a signature', 'yes', 'none', 'ECDSA P-256 over SHA-256, before unpacking.'),
  row('Archives proven by a digest in the catalogue', 'yes', 'yes', 'Upstream signs images, not archives.'),
  row(
    'Gateways installed by istioctl',
    'yes',
    'yes',
    'In place: the guide does it at the installation (MESH016), current Istio last of all.',
  ),
  row('Injected gateways', 'none', 'yes', 'Behind a canary that stands under the same Service (ADR 0010).'),
  row(
    'Gateways of the Gateway API',
    'none',
    'yes',
    'Held by a label before any tag moves, then moved one by one by that label.',
  ),
  row('Gateways that run as DaemonSets, or are installed outside istio-system', 'none', 'refused', 'MESH055.'),
  row(
    'Control planes of Helm',
    'none',
    'yes',
    'A release of Helm beside the old one, with its values; tags of its own chart are refused (MESH057).',
  ),
  row('Control planes of the Sail Operator', 'none', 'refused', 'MESH055.'),
  row(
    'Ambient, and istio-cni',
    'none',
    'yes',
    'CNI, ztunnel, waypoints, in this order, after the workloads; by istioctl, or by Helm where that keeps all of them.',
  ),
  row(
    'In place, where two control planes do not fit',
    'refused',
    'yes',
    'Its risk must be waived (MESH059, ADR 0012); not for ambient parts that istioctl keeps (MESH055).',
  ),
  row('Source 1.5, brought back by its own installer', 'yes', 'none', 'Guide, step 6.'),
];
