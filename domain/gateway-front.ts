/** What stands in front of a gateway and beside it, fact by fact: `Service shop/edge, address` to `203.0.113.7`. */
export type GatewayFront = Readonly<Record<string, string>>;

/**
 * What is no longer as it was in front of a gateway, as parts of a sentence. What has come since is somebody's addition: an address
 * that a cloud gave late, a budget that a person wrote. It takes nothing from anybody.
 */
export function lostFromFront(before: GatewayFront, now: GatewayFront): string[] {
  return Object.entries(before)
    .filter(([fact, value]) => now[fact] !== value)
    .map(([fact, value]) => `${fact} was ${value} and is ${now[fact] ?? 'gone'}`);
}
