import { SetupError, type SetupErrorDetails } from '@inline-ipsec/eal/errors';

/** A place in a configuration file, for people: lines and columns count from 1, columns in bytes. */
export interface Place {
  readonly file: string;
  /** The physical line. In a directive of several lines it is the line of the word itself. */
  readonly line: number;
  readonly column: number;
}

/** What a {@link ConfigurationError} is made of. */
export interface ConfigurationErrorDetails extends SetupErrorDetails {
  readonly place: Place;
}

/**
 * An error in a configuration file. Its `message` begins with `file:line: error: `, as the gateway of DPDK prints it,
 * where DPDK names the last line of the directive and this one the line of the word.
 *
 * No key, and no word that might be a piece of one, is ever in it.
 */
export class ConfigurationError extends SetupError {
  readonly file: string;
  readonly line: number;
  readonly column: number;

  constructor(details: ConfigurationErrorDetails) {
    const { place, message } = details;
    super({ ...details, message: `${place.file}:${place.line}: error: ${message}` });
    this.file = place.file;
    this.line = place.line;
    this.column = place.column;
  }
}

/** Something in a configuration file that works, but hardly as it was meant. */
export interface ConfigurationWarning extends Place {
  /** Stable and searchable, as the code of an error is. */
  readonly code: `WARN_${string}`;
  /** One clause, or two, without a full stop. Never a key. */
  readonly text: string;
}

/** A warning as one line of output: `file:line: warning: text`. */
export function formatWarning({ file, line, text }: ConfigurationWarning): string {
  return `${file}:${line}: warning: ${text}`;
}
