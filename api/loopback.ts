import { isIP } from 'node:net';

/**
 * Whether a host means this machine and nobody else.
 * @param host a name or address, with or without a port: `localhost:8780`, `127.0.0.1`, `[::1]:8780`, `::1`
 */
export function isLoopbackHost(host: string): boolean {
  if (host === '::1') return true;
  const name = host.replace(/:\d{1,5}$/, '').toLowerCase();
  if (name === 'localhost' || name === '[::1]') return true;
  // Only a whole address counts: `127.0.0.1.evil.example` is somebody's name.
  return isIP(name) === 4 && name.startsWith('127.');
}
