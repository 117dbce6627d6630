import { describe, expect, it } from 'vitest';
import { differences, type RecordedObject, type Snapshot } from '../../domain/snapshot.js';
import { rollbackCommands } from '../../domain/planned-commands.js';
import { ROUTE, ROUTE_FROM_1_5 } from '../workflow/support/fake-mesh.js';

const object = (collection: string, name: string): RecordedObject => ({
  collection,
  namespace: null,
  name,
  object: {},
});

const snapshot = (...objects: RecordedObject[]): Snapshot => ({
  schema: 1,
  cluster: 'shop',
  runId: 'run',
  takenAt: '2026-11-24T22:00:00Z',
  namespaces: {},
  objects,
});

describe('what a rollback leaves', () => {
  it('may be a CRD that the new release added, and nothing else', () => {
    const crd = object('apiextensions.k8s.io/v1/customresourcedefinitions', 'workloadentries.networking.istio.io');
    const role = object('rbac.authorization.k8s.io/v1/clusterroles', 'left-over');
    expect(differences(snapshot(), snapshot(crd, role))).toEqual([
      { what: 'added', object: 'clusterroles left-over', fields: [] },
    ]);
    expect(differences(snapshot(crd), snapshot())).toMatchObject([{ what: 'missing' }]);
  });
});

describe('the manual commands of a rollback', () => {
  it('install 1.5 again, after the namespaces and before the webhook of the new revision goes', () => {
    const commands = rollbackCommands(ROUTE_FROM_1_5, ['cart']);
    const at = (part: string) => commands.findIndex((command) => command.includes(part));
    expect(at('label namespace cart')).toBeLessThan(at('manifest apply'));
    expect(at('manifest apply')).toBeLessThan(at('delete mutatingwebhookconfiguration'));
  });

  it('install nothing where the old control plane has a revision of its own', () => {
    expect(rollbackCommands(ROUTE, ['cart']).some((command) => command.includes('manifest apply'))).toBe(false);
  });
});
