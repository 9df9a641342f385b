/** The times before the lines of a log (EAL option `--log-timestamp`). All of them are UTC. */
import type { Environment } from './environment.ts';
import type { LogTimestamp } from './log.ts';

/** A function that gives what stands before a line that is written now. */
export function timestamper(environment: Environment, format: LogTimestamp | undefined): () => string {
  const start = environment.now();
  let last = start;
  let lastMinute = Number.NaN;

  /** Nanoseconds since the line before. */
  const sinceLast = (): number => {
    const before = last;
    last = environment.now();
    return last - before;
  };

  switch (format) {
    case undefined:
      return () => '';
    case 'time':
      return () => `[${seconds(environment.now() - start, 5)}] `;
    case 'delta':
      return () => {
        const delta = sinceLast();
        return `[${seconds(last - start, 5)} <${seconds(delta, 4)}>] `;
      };
    case 'reltime':
      return () => {
        const delta = sinceLast();
        const minute = Math.floor(environment.wallClock() / 60_000);
        if (minute === lastMinute) return `[${`+${seconds(delta, 0)}`.padStart(12)}] `;
        lastMinute = minute;
        return `[${monthAndTime(environment.wallClock()).slice(0, 12)}] `;
      };
    case 'ctime':
      return () => `[${monthAndTime(environment.wallClock())}] `;
    case 'iso':
      return () => `[${new Date(environment.wallClock()).toISOString()}] `;
  }
}

/** Nanoseconds as seconds with six places, the whole ones as wide as `width` at least. */
function seconds(nanoseconds: number, width: number): string {
  return (nanoseconds / 1e9).toFixed(6).padStart(width + 7);
}

/** `Aug  1 10:20:30`. */
function monthAndTime(milliseconds: number): string {
  const [, day, month, , time] = new Date(milliseconds).toUTCString().split(' ');
  return `${month} ${String(Number(day)).padStart(2)} ${time}`;
}
