/**
 * The log: lines `TYPE: message` on stderr, each of a type and a level (DPDK: librte_log).
 *
 * A line is written when its level is neither above that of the log nor above that of its type. It is for set-up and
 * for rare events: the data path counts instead. There is no log to a file or to the system's logger.
 */

import { timestamper } from './_log-timestamp.ts';
import type { Environment } from './environment.ts';
import {
  LOG_ALERT,
  LOG_CRITICAL,
  LOG_DEBUG,
  LOG_EMERGENCY,
  LOG_ERROR,
  LOG_INFO,
  LOG_NOTICE,
  LOG_WARNING,
  type LogLevelRule,
} from './log-level.ts';

/** What stands before each line (EAL option `--log-timestamp`). */
export type LogTimestamp = 'time' | 'delta' | 'reltime' | 'ctime' | 'iso';

/** How {@link Log} writes its lines. */
export interface LogOptions {
  /** Default: no time. */
  readonly timestamp?: LogTimestamp | undefined;
  /** Colours by level, in the terminal's codes. Default false. */
  readonly color?: boolean | undefined;
}

/** Terminal codes by level: bold red, red, yellow, bold, none, grey. */
const COLORS: readonly string[] = ['', '1;31', '1;31', '1;31', '31', '33', '1', '', '90'];

/** All types of one log. */
export class Log {
  readonly #environment: Environment;
  readonly #stamp: () => string;
  readonly #color: boolean;
  readonly #types = new Map<string, LogType>();
  readonly #rules: LogLevelRule[] = [];
  #level = LOG_DEBUG;

  constructor(environment: Environment, options: LogOptions = {}) {
    this.#environment = environment;
    this.#stamp = timestamper(environment, options.timestamp);
    this.#color = options.color ?? false;
  }

  /** The level of the log: no line above it is written, whatever its type (DPDK: `rte_log_get_global_level`). */
  get level(): number {
    return this.#level;
  }

  /**
   * The type of that name, made when it is new (DPDK: `rte_log_register`).
   *
   * @param token what its lines begin with, such as `IPSEC`
   * @param name what `--log-level` selects it by, such as `user1`; the token does too. Default: the token
   */
  type(token: string, name: string = token): LogType {
    const key = `${token} ${name}`;
    const known = this.#types.get(key);
    if (known !== undefined) return known;
    const made = new LogType(token, name, (level, text) => this.#write(made, level, text));
    for (const rule of this.#rules) applyTo(made, rule);
    this.#types.set(key, made);
    return made;
  }

  /** All types, in the order in which they were made (DPDK: `rte_log_dump`). */
  types(): LogType[] {
    return [...this.#types.values()];
  }

  /**
   * Sets levels as one `--log-level` does, for types that are still to come as well; the last rule that matches a type
   * counts (DPDK: `rte_log_set_level_pattern`, `rte_log_set_level_regexp`, `rte_log_set_global_level`). A rule for all
   * sets the level of the log; one for debug lines also sets it for every type, so that they appear.
   */
  setLevel(rule: LogLevelRule): void {
    if (rule.types === undefined) this.#level = rule.level;
    this.#rules.push(rule);
    for (const type of this.#types.values()) applyTo(type, rule);
  }

  #write(type: LogType, level: number, text: string): void {
    if (level > this.#level || level > type.level) return;
    const line = `${this.#stamp()}${type.token}: ${text}`;
    const color = this.#color ? COLORS[level] : '';
    this.#environment.write('stderr', color === '' ? `${line}\n` : `\u001b[${color}m${line}\u001b[0m\n`);
  }
}

function applyTo(type: LogType, rule: LogLevelRule): void {
  if (rule.types === undefined) {
    if (rule.level > LOG_INFO) type.level = rule.level;
  } else if (rule.types.test(type.name) || rule.types.test(type.token)) {
    type.level = rule.level;
  }
}

/** One type of a log: what a package or an application writes its lines with. */
export class LogType {
  /** What its lines begin with. */
  readonly token: string;
  /** What `--log-level` selects it by. */
  readonly name: string;
  /** Lines above this level are not written (DPDK: `rte_log_set_level`). */
  level: number = LOG_INFO;
  /** Writes a line of that level: text without a line end. */
  readonly write: (level: number, text: string) => void;

  constructor(token: string, name: string, write: (level: number, text: string) => void) {
    this.token = token;
    this.name = name;
    this.write = write;
  }

  emergency(text: string): void {
    this.write(LOG_EMERGENCY, text);
  }

  alert(text: string): void {
    this.write(LOG_ALERT, text);
  }

  critical(text: string): void {
    this.write(LOG_CRITICAL, text);
  }

  error(text: string): void {
    this.write(LOG_ERROR, text);
  }

  warning(text: string): void {
    this.write(LOG_WARNING, text);
  }

  notice(text: string): void {
    this.write(LOG_NOTICE, text);
  }

  info(text: string): void {
    this.write(LOG_INFO, text);
  }

  debug(text: string): void {
    this.write(LOG_DEBUG, text);
  }
}
