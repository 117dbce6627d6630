import { Runtime, type Logger as TemporalLogger, type LogLevel } from '@temporalio/worker';
import { pino, type Logger } from 'pino';

/** The worker's log: one JSON object per line, on standard output. Secrets never reach it: they are in no argument list. */
export function createLogger(level: string): Logger {
  return pino({ level, redact: ['token', '*.token', 'authorization', '*.authorization'] });
}

/** Sends what Temporal's SDK says into the same log. Once per process, before anything else of Temporal is made. */
export function installTemporalLogger(logger: Logger): void {
  const at = (level: LogLevel, message: string, meta?: object) => {
    const name = level.toLowerCase() as 'trace' | 'debug' | 'info' | 'warn' | 'error';
    logger[name](meta ?? {}, message);
  };
  const temporal: TemporalLogger = {
    log: (level, message, meta) => at(level, message, meta),
    trace: (message, meta) => at('TRACE', message, meta),
    debug: (message, meta) => at('DEBUG', message, meta),
    info: (message, meta) => at('INFO', message, meta),
    warn: (message, meta) => at('WARN', message, meta),
    error: (message, meta) => at('ERROR', message, meta),
  };
  Runtime.install({ logger: temporal });
}
