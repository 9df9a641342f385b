import { algorithmOf } from './algorithms.ts';
import { ConfigurationError, type ConfigurationWarning, type Place } from './configuration-error.ts';
import type { Direction, Family, GatewayConfiguration, SaRule, SpRule } from './rules.ts';
import { outcome, policiesOverlap } from './sp-overlap.ts';

/**
 * Compares the rules of a configuration with each other and with the options. DPDK does some of this at start, some by
 * printing a line and going on, and some not at all.
 */

/** What the command line says that matters for a configuration. */
export interface CheckOptions {
  /** Library mode, `-l`. Default legacy. */
  readonly library?: boolean;
  /** `--single-sa`: policies decide nothing. */
  readonly singleSa?: boolean;
  /** `-p`; ports are not checked without it. */
  readonly portMask?: number;
  /** `-u` */
  readonly unprotectedMask?: number;
}

/** All that {@link findProblems} found, by lines. */
export interface Problems {
  readonly errors: readonly ConfigurationError[];
  readonly warnings: readonly ConfigurationWarning[];
}

/**
 * Finds everything that is wrong between the rules: policies without their SA, SAs twice, algorithms that the mode or
 * every engine lacks, ports that are not used; and, as warnings, what can hardly be meant.
 */
export function findProblems(configuration: GatewayConfiguration, options: CheckOptions = {}): Problems {
  const problems = { errors: [] as ConfigurationError[], warnings: [] as ConfigurationWarning[] };
  checkDuplicates(configuration, problems);
  for (const sa of configuration.sas) {
    checkAlgorithm(sa, options, problems);
    checkType(sa, options, problems);
    checkPorts(sa, options, problems);
    if (options.library === true) checkFamily(configuration, sa, problems);
    if (sa.type === 'inline-crypto-offload' && sa.mode === 'transport') checkTransport(configuration, sa, problems);
  }
  for (const sp of configuration.sps) checkPolicy(configuration, sp, problems);
  checkUnused(configuration, options, problems);
  checkOverlaps(configuration, problems);
  checkKeys(configuration, problems);
  checkMasks(configuration, options, problems);
  const byLine = (a: Place, b: Place) => a.line - b.line || a.column - b.column;
  return { errors: problems.errors.sort(byLine), warnings: problems.warnings.sort(byLine) };
}

/**
 * As {@link findProblems}, for a start of the gateway.
 *
 * @returns the warnings
 * @throws ConfigurationError the first of the errors
 */
export function checkConfiguration(
  configuration: GatewayConfiguration,
  options: CheckOptions = {},
): readonly ConfigurationWarning[] {
  const { errors, warnings } = findProblems(configuration, options);
  if (errors[0] !== undefined) throw errors[0];
  return warnings;
}

/**
 * The addresses of a transport SA of a port, which its line does not have: those of the first policy that names it, if
 * they are whole addresses (DPDK: `sa_add_address_inline_crypto`).
 */
export function transportAddresses(
  configuration: GatewayConfiguration,
  sa: SaRule,
): { readonly family: Family; readonly source: Uint8Array; readonly destination: Uint8Array } | undefined {
  const policies = policiesOf(configuration, sa);
  const sp = policies.find(({ family }) => family === 'ipv4') ?? policies[0];
  if (sp === undefined) return undefined;
  const { family, source, destination } = sp;
  for (const { address, length } of [source, destination]) {
    if (length !== address.length * 8 || address.every((byte) => byte === 0)) return undefined;
  }
  return { family, source: source.address, destination: destination.address };
}

interface Findings {
  readonly errors: ConfigurationError[];
  readonly warnings: ConfigurationWarning[];
}

const LARGEST_TABLE_COMPARED = 2048;

function policiesOf({ sps }: GatewayConfiguration, { direction, spi }: SaRule): SpRule[] {
  return sps.filter((sp) => sp.action === 'protect' && sp.direction === direction && sp.spi === spi);
}

function checkDuplicates({ sas }: GatewayConfiguration, { errors }: Findings): void {
  const first = new Map<string, SaRule>();
  for (const sa of sas) {
    for (const key of lookupKeys(sa)) {
      const earlier = first.get(key);
      if (earlier === undefined) {
        first.set(key, sa);
        continue;
      }
      errors.push(
        new ConfigurationError({
          code: 'ERR_CONFIG_SPI',
          errno: 'EEXIST',
          place: sa.place,
          message: `SPI ${sa.spi} in direction ${sa.direction} is already used at line ${earlier.place.line}`,
          remedy: 'give each SA of a direction an SPI of its own',
        }),
      );
      break;
    }
  }
}

// Inbound an SA is found by outer family and SPI; a transport SA may come in either.
function lookupKeys({ direction, spi, mode }: SaRule): string[] {
  if (direction === 'out') return [`out ${spi}`];
  if (mode === 'transport') return [`in ipv4 ${spi}`, `in ipv6 ${spi}`];
  return [`in ${mode === 'ipv4-tunnel' ? 'ipv4' : 'ipv6'} ${spi}`];
}

function checkAlgorithm(sa: SaRule, { library }: CheckOptions, { errors }: Findings): void {
  const { crypto, place } = sa;
  const parts = crypto.kind === 'aead' ? [crypto.aead] : [crypto.cipher, crypto.auth];
  const nowhere = parts.find(({ engine }) => engine === undefined);
  if (nowhere !== undefined) {
    errors.push(
      new ConfigurationError({
        code: 'ERR_CONFIG_ALGORITHM',
        errno: 'ENOTSUP',
        place,
        message: `no engine has "${nowhere.name}"`,
      }),
    );
  }
  // A port's own crypto is asked for its capabilities instead.
  const libraryOnly = parts.find(({ legacy }) => !legacy);
  if (libraryOnly !== undefined && library !== true && sa.type === 'no-offload') {
    errors.push(
      new ConfigurationError({
        code: 'ERR_CONFIG_ALGORITHM',
        errno: 'ENOTSUP',
        place,
        message: `"${libraryOnly.name}" is not possible in legacy mode`,
        expected: 'an algorithm of legacy mode, or library mode (-l)',
        remedy:
          sa.typeWithoutPort === undefined
            ? undefined
            : `or add "port_id": without it "type ${sa.typeWithoutPort}" is no-offload`,
      }),
    );
  }
}

function checkType(sa: SaRule, { library }: CheckOptions, { errors, warnings }: Findings): void {
  const { place, type } = sa;
  const later = {
    'no-offload': undefined,
    // What of it a port can do is the business of the port.
    'inline-crypto-offload': undefined,
    'inline-protocol-offload': `"type ${type}"`,
    'lookaside-protocol-offload': `"type ${type}"`,
    'cpu-crypto': '"type cpu-crypto", which needs library mode,',
  }[type];
  if (later !== undefined) {
    errors.push(
      new ConfigurationError({
        code: 'ERR_NOT_YET',
        errno: 'ENOTSUP',
        place,
        message: `${later} comes later`,
        remedy: `use "type no-offload" or "type inline-crypto-offload"${sa.udpEncapsulation ? ', without "udp-encap"' : ''}`,
      }),
    );
  }
  if (library === true) return;
  const without = [
    // A port that cannot do it refuses the SA.
    sa.esn === undefined || type === 'inline-crypto-offload' ? '' : 'esn',
    sa.mss === 0 ? '' : 'mss',
    sa.telemetry ? 'telemetry' : '',
    sa.reassembly ? 'reassembly_en' : '',
  ].filter((word) => word !== '');
  for (const word of without) {
    const text = `"${word}" has no effect in legacy mode, without -l${WITHOUT_LIBRARY[word] ?? ''}`;
    warnings.push({ ...place, code: 'WARN_LIBRARY_ONLY', text });
  }
}

/** What becomes of packets where the word is not obvious, and what to do about it. */
const WITHOUT_LIBRARY: Readonly<Record<string, string>> = {
  esn: ': sequence numbers have 32 bits, and a peer with ESN takes no packet; leave it out on both sides',
  mss: ': no port cuts TCP segments, which leave as long as they come; leave it out, and have hosts keep to the MTU',
};

function checkPorts(sa: SaRule, { portMask, unprotectedMask }: CheckOptions, { errors, warnings }: Findings): void {
  const { place, port, type, direction } = sa;
  if (type !== 'inline-crypto-offload' || port === undefined || portMask === undefined) return;
  if (!hasPort(portMask, port)) {
    errors.push(
      new ConfigurationError({
        code: 'ERR_CONFIG_PORT',
        errno: 'EINVAL',
        place,
        message: `port ${port} is not enabled in port mask`,
        expected: `a "port_id" in -p ${hex(portMask)}`,
      }),
    );
    return;
  }
  if (direction === 'in' && unprotectedMask !== undefined && !hasPort(unprotectedMask, port)) {
    const text = `port ${port} is a protected port (-u ${hex(unprotectedMask)}), on which ESP packets are dropped`;
    warnings.push({ ...place, code: 'WARN_PROTECTED_PORT', text });
  }
}

// The library takes the inner family of an SA from the policies that name it (DPDK: `get_spi_proto`).
function checkFamily(configuration: GatewayConfiguration, sa: SaRule, { errors }: Findings): void {
  const families = new Set(policiesOf(configuration, sa).map(({ family }) => family));
  if (families.size === 1) return;
  errors.push(
    new ConfigurationError({
      code: 'ERR_CONFIG_SPI',
      errno: 'EINVAL',
      place: sa.place,
      message:
        families.size === 0
          ? `SPI ${sa.spi} is not used by any SP rule`
          : `SPI ${sa.spi} used simultaneously by IPv4 and IPv6 SP rules`,
      expected: 'policies of one family in library mode (-l)',
    }),
  );
}

function checkTransport(configuration: GatewayConfiguration, sa: SaRule, { errors }: Findings): void {
  if (transportAddresses(configuration, sa) !== undefined) return;
  errors.push(
    new ConfigurationError({
      code: 'ERR_CONFIG_ADDRESS',
      errno: 'EINVAL',
      place: sa.place,
      message: `No valid address or mask entry in SP rule for SPI ${sa.spi}`,
      expected: `an "sp" that protects with it, with whole addresses in "src" and "dst" (/32 or /128)`,
      remedy: 'a port in transport mode takes the addresses of the SA from its policy',
    }),
  );
}

function checkPolicy(configuration: GatewayConfiguration, sp: SpRule, { errors }: Findings): void {
  const { action, direction, spi, family, place } = sp;
  if (action !== 'protect') return;
  const withSpi = configuration.sas.filter((sa) => sa.spi === spi);
  if (withSpi.some((sa) => sa.direction === direction)) return;
  const side = direction === 'in' ? 'Inbound' : 'Outbound';
  const version = family === 'ipv4' ? 'IPv4' : 'IPv6';
  const other: Direction = direction === 'in' ? 'out' : 'in';
  errors.push(
    new ConfigurationError({
      code: 'ERR_CONFIG_UNMATCHED_SPI',
      errno: 'ENOENT',
      place,
      message: `no SA with SPI ${spi} in direction ${direction}, ${side} ${version} SP DB has unmatched in SAD SPIs`,
      remedy:
        withSpi[0] === undefined
          ? `add "sa ${direction} ${spi} …"`
          : `line ${withSpi[0].place.line} has one in direction ${other}`,
    }),
  );
}

function checkUnused(configuration: GatewayConfiguration, { singleSa }: CheckOptions, { warnings }: Findings): void {
  if (singleSa === true) return;
  const inbound = configuration.sps.filter(({ direction }) => direction === 'in');
  for (const sa of configuration.sas) {
    if (policiesOf(configuration, sa).length > 0) continue;
    // Without inbound policies everything that an SA lets through passes, and a bypass passes what it matches.
    const passes = inbound.length === 0 || inbound.some(({ action }) => action === 'bypass');
    if (sa.direction === 'in' && passes) continue;
    const effect = sa.direction === 'in' ? 'what it decrypts is dropped' : 'it is never used';
    const text = `no "sp" in direction ${sa.direction} protects with SPI ${sa.spi}: ${effect}`;
    warnings.push({ ...sa.place, code: 'WARN_UNUSED_SA', text });
  }
}

function checkOverlaps({ sps }: GatewayConfiguration, { warnings }: Findings): void {
  if (sps.length > LARGEST_TABLE_COMPARED) return;
  for (const [index, sp] of sps.entries()) {
    const earlier = sps.slice(0, index).find((other) => outcome(other) !== outcome(sp) && policiesOverlap(other, sp));
    if (earlier === undefined) continue;
    const text = `as high in priority as line ${earlier.place.line}, and packets match both: which one decides is not defined; give them different "pri"`;
    warnings.push({ ...sp.place, code: 'WARN_SAME_PRIORITY', text });
  }
}

// Counter modes fail when a nonce comes twice under one key, and all SAs count from 1 (RFC 4106 section 3, RFC 3686).
function checkKeys({ sas }: GatewayConfiguration, { warnings }: Findings): void {
  const counting = sas.filter(({ crypto }) => crypto.salt.length > 0);
  const order = counting.sort((a, b) => compareKeys(a, b) || a.place.line - b.place.line);
  let start = 0;
  for (let i = 1; i <= order.length; i++) {
    if (i < order.length && compareKeys(order[start], order[i]) === 0) continue;
    const group = order.slice(start, i);
    start = i;
    if (!group.some(({ direction }) => direction === 'out')) continue;
    for (const sa of group.slice(1)) {
      const { direction, spi, place } = group[0];
      const text = `key and salt are those of SPI ${spi} in direction ${direction} at line ${place.line}: nonces come twice, which breaks ${algorithmOf(sa)}; give every SA its own`;
      warnings.push({ ...sa.place, code: 'WARN_KEY_REUSED', text });
    }
  }
}

function compareKeys(a: SaRule, b: SaRule): number {
  return compareBytes(saltedKey(a), saltedKey(b)) || compareBytes(a.crypto.salt, b.crypto.salt);
}

function saltedKey({ crypto }: SaRule): Uint8Array {
  if (crypto.kind === 'aead') return crypto.key;
  return crypto.cipher.saltBytes > 0 ? crypto.cipherKey : crypto.authKey;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return a.length - b.length;
  const index = a.findIndex((byte, i) => byte !== b[i]);
  return index < 0 ? 0 : a[index] - b[index];
}

function checkMasks(configuration: GatewayConfiguration, options: CheckOptions, { warnings }: Findings): void {
  const { portMask, unprotectedMask = 0 } = options;
  const { file, sas, routes } = configuration;
  if (unprotectedMask !== 0 && !sas.some(({ direction }) => direction === 'in')) {
    const text =
      'unprotected portmask without configured SA inbound: all ESP packets are dropped; DPDK since 22.03 exits';
    warnings.push({ file, line: 1, column: 1, code: 'WARN_NO_SA_IN', text });
  }
  if (portMask === undefined) return;
  for (const { place, port } of routes) {
    if (hasPort(portMask, port)) continue;
    const text = `port ${port} is not enabled in port mask ${hex(portMask)}: what takes this route is dropped`;
    warnings.push({ ...place, code: 'WARN_ROUTE_PORT', text });
  }
}

function hasPort(mask: number, port: number): boolean {
  return ((mask >>> port) & 1) === 1;
}

function hex(mask: number): string {
  return `0x${(mask >>> 0).toString(16)}`;
}
