import { describe, expect, it } from 'vitest';
import { newMessages, type AnalysisMessage } from '../../domain/analysis.js';

const lost: AnalysisMessage = {
  code: 'IST0101',
  origin: 'VirtualService lost.edge',
  message: 'Referenced gateway not found: "nowhere"',
};
const twice = (names: string): AnalysisMessage => ({
  code: 'IST0109',
  origin: 'VirtualService a.shop',
  message: `The VirtualServices ${names} associated with mesh gateway define the same host */web.shop`,
});

describe('what only the newer analysis finds', () => {
  it('is everything where the older one finds nothing, and nothing where both find the same', () => {
    expect(newMessages([lost], [])).toEqual([{ ...lost, instead: [] }]);
    expect(newMessages([lost], [{ ...lost }, twice('shop/a,shop/b')])).toEqual([]);
    expect(newMessages([], [lost])).toEqual([]);
  });

  it.each([
    ['another kind of fault', { ...lost, code: 'IST0104' }],
    ['another object', { ...lost, origin: 'VirtualService lost.shop' }],
    ['no object at all', { code: lost.code, message: lost.message }],
    ['another thing that is missing', { ...lost, message: 'Referenced gateway not found: "elsewhere"' }],
  ])('counts %s as new', (_, older) => {
    expect(newMessages([lost], [older]).map(({ message }) => message)).toEqual([lost.message]);
  });

  it('does not depend on the order of names in a list, which differs from run to run', () => {
    expect(newMessages([twice('shop/b,shop/a')], [twice('shop/a,shop/b')])).toEqual([]);
    expect(newMessages([twice('shop/a,shop/c')], [twice('shop/a,shop/b')])).toHaveLength(1);
    const sidecars = (names: string) => ({ code: 'IST0111', message: `The Sidecars ${names} in namespace "shop"` });
    expect(newMessages([sidecars('[a b]')], [sidecars('[b a]')])).toEqual([]);
  });

  it('comes with what the older one says of the same object and the newer one does not', () => {
    const protocols = (list: string) => ({
      code: 'IST0106',
      origin: 'Gateway in.edge',
      message: `Schema validation error: invalid protocol "FTP", supported protocols are ${list}`,
    });
    const both = { code: 'IST0106', origin: 'Gateway in.edge', message: 'Schema validation error: no selector' };
    const found = newMessages([protocols('HTTP, GRPC-WEB'), both], [protocols('HTTP'), both, lost]);
    expect(found).toEqual([{ ...protocols('HTTP, GRPC-WEB'), instead: [protocols('HTTP').message] }]);
  });
});
