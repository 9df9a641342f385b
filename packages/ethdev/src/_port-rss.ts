import { SetupError } from '@inline-ipsec/eal/errors';
import { checkLimit, unsupported } from './_port-check.ts';
import type { EthDriver } from './driver.ts';
import { RX_OFFLOAD_RSS_HASH } from './offloads.ts';
import { type RssCapabilities, type RssConfiguration, rssFunctionNames } from './rss.ts';

/** How a port spreads packets over its receive queues: what is asked for is checked, and handed to the driver. */
export class PortRss {
  readonly #who: string;
  readonly #driver: EthDriver;

  constructor(who: string, driver: EthDriver) {
    this.#who = who;
    this.#driver = driver;
  }

  /** As it is set up, with a copy of the key. */
  get configuration(): Required<RssConfiguration> | undefined {
    const { rss } = this.#driver;
    return rss === undefined ? undefined : { functions: rss.functions, key: rss.key.slice() };
  }

  /** A copy of the redirection table. */
  get table(): Uint16Array | undefined {
    return this.#driver.redirectionTable?.slice();
  }

  /** @throws SetupError `ERR_PORT_RSS` (EINVAL) when a port cannot be configured like this */
  check(rss: RssConfiguration | undefined, rxOffloads: number): void {
    if (rss === undefined) return;
    checkRss(this.#who, rss, this.#driver.info.rss);
    if (rss.functions !== 0 || (rxOffloads & RX_OFFLOAD_RSS_HASH) === 0) return;
    throw new SetupError({
      code: 'ERR_PORT_RSS',
      errno: 'EINVAL',
      message: `${this.#who} cannot give the RSS hash without RSS`,
      expected: 'hash functions',
      got: 'RX_OFFLOAD_RSS_HASH, and no hash functions',
      remedy: 'leave rss out, or leave out RX_OFFLOAD_RSS_HASH',
    });
  }

  /** @throws SetupError `ERR_PORT_RSS` (EINVAL), `ERR_PORT_UNSUPPORTED` (ENOTSUP) */
  configure(configuration: RssConfiguration): void {
    if (this.#driver.setRss === undefined) throw unsupported(this.#who, 'another RSS configuration');
    checkRss(this.#who, configuration, this.#driver.info.rss);
    this.#driver.setRss(configuration);
  }

  /** @throws SetupError as {@link configure} */
  writeTable(table: ArrayLike<number>, queues: number): void {
    const entries = this.#driver.info.rss?.redirectionEntries;
    if (this.#driver.setRedirectionTable === undefined || entries === undefined) {
      throw unsupported(this.#who, 'a redirection table');
    }
    checkRedirectionTable(this.#who, table, entries, queues);
    this.#driver.setRedirectionTable(Uint16Array.from(table));
  }
}

/** RSS that a device cannot do. */
function checkRss(who: string, { functions, key }: RssConfiguration, has: RssCapabilities | undefined): void {
  const possible = has?.functions ?? 0;
  if (!Number.isInteger(functions) || functions < 0 || functions > 0xffffffff || (functions & ~possible) !== 0) {
    throw new SetupError({
      code: 'ERR_PORT_RSS',
      errno: 'EINVAL',
      message: `${who} does not have all hash functions that it shall spread by`,
      expected: possible === 0 ? 'none' : `no others than ${rssFunctionNames(possible).join(', ')}`,
      got: Number.isInteger(functions) ? rssFunctionNames(functions & ~possible).join(', ') : String(functions),
      remedy: 'ask only for those that info().rss names',
    });
  }
  if (key === undefined || key.length === has?.keyBytes) return;
  throw new SetupError({
    code: 'ERR_PORT_RSS',
    errno: 'EINVAL',
    message: `${who} cannot have this hash key`,
    expected: has === undefined ? 'none' : `${has.keyBytes} bytes`,
    got: `${key.length} bytes`,
  });
}

/** A redirection table of another length than the device's, or with queues that there are not. */
function checkRedirectionTable(who: string, table: ArrayLike<number>, entries: number, queues: number): void {
  checkLimit('ERR_PORT_RSS', `the redirection table of ${who} has a fixed length`, table.length, entries, entries);
  for (let i = 0; i < table.length; i++) {
    checkLimit('ERR_PORT_RSS', `entry ${i} of the redirection table of ${who} is no queue`, table[i], 0, queues - 1);
  }
}
