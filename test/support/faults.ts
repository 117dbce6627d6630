import { setTimeout as delay } from 'node:timers/promises';
import type { Exchange, Fault } from './fault-proxy.js';

/** A `Status`, as the API server words a refusal. */
export function status(code: number, reason: string, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code, reason, message };
}

/** The server answers late. */
export const latency =
  (ms: number): Fault =>
  async (exchange) => {
    await delay(ms);
    await exchange.forward();
  };

/** The server has too much to do, and says when to come again. */
export const tooManyRequests =
  (retryAfterSeconds: number): Fault =>
  (exchange) =>
    exchange.answer(429, status(429, 'TooManyRequests', 'the server has received too many requests'), {
      'retry-after': String(retryAfterSeconds),
    });

/** The server says that something is wrong with it, and does not do what it was asked. */
export const answers =
  (code: number, reason: string, message: string): Fault =>
  (exchange) =>
    exchange.answer(code, status(code, reason, message));

/** The connection breaks before the server has heard of it. */
export const reset: Fault = (exchange) => exchange.reset();

/** The server does what it was asked, and the connection breaks before it can say so. */
export const cutAfter: Fault = async (exchange) => {
  await exchange.swallow();
  exchange.reset();
};

/** The request vanishes: no answer, no end of the connection. */
export const blackHole: Fault = () => undefined;

/** The watch asks for a history that the server no longer has. */
export const watchGone: Fault = (exchange) => exchange.answer(410, status(410, 'Expired', 'too old resource version'));

/** The watch is accepted and nothing ever comes. */
export const halfOpen: Fault = (exchange) => exchange.answerHalf();

/** Requests that change an object of this kind. */
export const changing =
  (method: string, path: RegExp) =>
  (exchange: Exchange): boolean =>
    exchange.isMutation && exchange.method === method && path.test(exchange.path);
