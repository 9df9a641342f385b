import type { ConfigurationWarning } from './configuration-error.ts';
import { type Collected, readDirective } from './directives.ts';
import type { KeyStore } from './key.ts';
import { Lexer } from './lexer.ts';
import type { GatewayConfiguration } from './rules.ts';

/**
 * The gateway's configuration file: from bytes to rules. The dialect is that of DPDK's ipsec-secgw, all of v26.07 and
 * what older releases had; what differs is said in the grammars.
 *
 * What this does not do: read a file, look at ports or devices, or compare rules with each other (that is `check.ts`).
 */

/** How {@link parseConfiguration} reads. */
export interface ConfigurationOptions {
  /** The file's name, for messages. */
  readonly file: string;
  /** Where the keys go. */
  readonly keys: KeyStore;
  /** Library mode, `-l`; without it legacy mode, which knows no `fallback`. */
  readonly library?: boolean;
}

/**
 * Parses a configuration file. `bytes` stays as it is: see {@link consumeConfiguration}.
 *
 * @throws ConfigurationError for the first fault; every key that was stored until then is zeroed
 */
export function parseConfiguration(bytes: Uint8Array, options: ConfigurationOptions): GatewayConfiguration {
  const { file, keys, library = false } = options;
  const stored: Uint8Array[] = [];
  const tracked: KeyStore = {
    allocate: (length) => {
      const room = keys.allocate(length);
      stored.push(room);
      return room;
    },
  };
  const warnings: ConfigurationWarning[] = [];
  const collected: Collected = { sps: [], sas: [], routes: [], neighbours: [], flows: [] };
  const lexer = new Lexer(bytes, file, (warning) => warnings.push(warning));
  try {
    for (let directive = lexer.next(); directive !== undefined; directive = lexer.next()) {
      readDirective(directive, { file, keys: tracked, library, warnings }, collected);
    }
  } catch (error) {
    for (const room of stored) room.fill(0);
    throw error;
  } finally {
    lexer.wipe();
  }
  return { file, ...collected, warnings };
}

/**
 * As {@link parseConfiguration}, and zeroes `bytes` afterwards, whether it was right or not: the file's text holds the
 * keys.
 *
 * @throws ConfigurationError as `parseConfiguration` does
 */
export function consumeConfiguration(bytes: Uint8Array, options: ConfigurationOptions): GatewayConfiguration {
  try {
    return parseConfiguration(bytes, options);
  } finally {
    bytes.fill(0);
  }
}

/** Zeroes all keys and salts of a configuration. The rules stay. */
export function wipeKeys(configuration: GatewayConfiguration): void {
  for (const { crypto } of configuration.sas) {
    crypto.salt.fill(0);
    if (crypto.kind === 'aead') {
      crypto.key.fill(0);
    } else {
      crypto.cipherKey.fill(0);
      crypto.authKey.fill(0);
    }
  }
}
