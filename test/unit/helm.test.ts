import { describe, expect, it } from 'vitest';
import { carriedValues, isHalfWay, releaseNameOf } from '../../domain/helm.js';

describe('the values that a new control plane of Helm gets', () => {
  it('are what a person chose about the old one, without its name, its tags and its images', () => {
    const old = {
      revision: '1-30-3',
      revisionTags: ['prod'],
      global: { tag: '1.30.3', hub: 'registry.example/istio', imagePullSecrets: ['pull'] },
      pilot: { tag: '1.30.3', image: 'pilot', resources: { requests: { cpu: '2' } } },
      meshConfig: { accessLogFile: '/dev/stdout' },
    };
    expect(carriedValues(old)).toEqual({
      global: { hub: 'registry.example/istio', imagePullSecrets: ['pull'] },
      pilot: { resources: { requests: { cpu: '2' } } },
      meshConfig: { accessLogFile: '/dev/stdout' },
    });
  });

  it('are none where nothing was chosen', () => {
    expect(carriedValues({})).toEqual({});
    expect(carriedValues({ revision: '1-30-3' })).toEqual({});
  });
});

describe('a release of Helm', () => {
  it.each([
    ['pending-install', true],
    ['pending-upgrade', true],
    ['deployed', false],
    ['uninstalled', false],
  ])('of status %s is half-way: %s', (status, expected) => {
    expect(isHalfWay({ status })).toBe(expected);
  });

  it('is named for its revision', () => {
    expect(releaseNameOf('1-31-0')).toBe('istiod-1-31-0');
  });
});
