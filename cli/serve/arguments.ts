import { InvalidArgumentError } from 'commander';

const HIGHEST_PORT = 65_535;

/** A port number, as commander reads it. @throws InvalidArgumentError, which commander turns into wrong use */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port < 0 || port > HIGHEST_PORT) throw new InvalidArgumentError(`A port is a number from 0 to ${HIGHEST_PORT}.`);
  return port;
}
