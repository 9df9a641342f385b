import type { Environment } from '@inline-ipsec/eal/environment';
import { parseMac } from '@inline-ipsec/net/ethernet';
import { formatIpv4, parseIpv4 } from '@inline-ipsec/net/ipv4';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { ARTICLE_SPI, ARTICLE_TUNNEL_DESTINATION, ARTICLE_TUNNEL_SOURCE } from '../esp-packets.ts';
import { ARTICLE_HOST, ARTICLE_SIZE, SIZE_MAX, SIZE_MIN } from '../packets.ts';

/** The command line of the generator, read. Addresses are in host order. */
export interface PktgenOptions {
  readonly count: number;
  readonly size: number;
  readonly encrypt: boolean;
  readonly target: { readonly kind: 'interface' | 'file'; readonly name: string };
  readonly source: number;
  readonly destination: number;
  readonly tunnelSource: number;
  readonly tunnelDestination: number;
  readonly spi: number;
  readonly keyFile: string | undefined;
  readonly fresh: boolean;
  readonly ethernetSource: Uint8Array | undefined;
  readonly ethernetDestination: Uint8Array | undefined;
  readonly json: boolean;
}

/** What commander makes of the words, by the names of the options. */
interface Parsed {
  count: number;
  iface: string;
  size: number;
  encrypt: boolean;
  output?: string;
  src: number;
  dst: number;
  tunnelSrc: number;
  tunnelDst: number;
  spi: number;
  keyFile?: string;
  fresh?: true;
  ethSrc?: Uint8Array;
  ethDst?: Uint8Array;
  json?: true;
}

const EXAMPLES = `
A target of -i that ends in .pcap or .pcapng, or has a / in it, is a file. Without --fresh
all ESP packets are one packet, as in the article: one sequence number, one IV.
IVs are random.

Examples:
  pktgen -i enp2s0f1 -s 64 -c 32 -e 1     32 ESP packets by an interface (as root)
  pktgen -o clear.pcap -s 64 -c 32 -e 0   32 clear packets into a file
  pktgen -o esp.pcap -c 1000 --fresh      sequence numbers 1 to 1000`;

/**
 * Reads the command line of the generator. Help, version and complaints are written to the environment.
 *
 * @returns the options, or the status to end with when there is nothing to send
 */
export function parseOptions(
  words: readonly string[],
  version: string,
  environment: Environment,
): PktgenOptions | number {
  const command = new Command('pktgen')
    .description(
      'The packet generator of the article: sends its packets, clear or in an ESP tunnel, into an interface or a capture file.',
    )
    .option('-c, --count <number>', 'how many packets', wholeNumber(1, 0xffffffff), 1)
    .option('-i, --iface <name>', 'interface to send by, or a file', notEmpty, 'enp2s0f0')
    .option(
      '-s, --size <bytes>',
      `bytes behind the clear IP header, ${SIZE_MIN} to ${SIZE_MAX}`,
      wholeNumber(SIZE_MIN, SIZE_MAX),
      ARTICLE_SIZE,
    )
    .addOption(
      new Option('-e, --encrypt <0|1>', 'whether to put them into ESP; also False and True')
        .default(true, '1')
        .argParser(truth),
    )
    .addOption(
      new Option('-o, --output <file>', 'write a pcap file, or pcapng if it ends so; - is stdout')
        .argParser(notEmpty)
        .conflicts('iface'),
    )
    .addOption(address('--src <address>', 'source of the clear packet', ARTICLE_HOST))
    .addOption(address('--dst <address>', 'destination of the clear packet', ARTICLE_HOST))
    .addOption(address('--tunnel-src <address>', 'source of the ESP packet', ARTICLE_TUNNEL_SOURCE))
    .addOption(address('--tunnel-dst <address>', 'destination of the ESP packet', ARTICLE_TUNNEL_DESTINATION))
    .option('--spi <number>', 'SPI of the ESP packet', wholeNumber(1, 0xffffffff), ARTICLE_SPI)
    .option(
      '--key-file <file>',
      "AES key and 4 bytes of salt in hexadecimal (default: the article's, 2b:7e:…)",
      notEmpty,
    )
    .option('--fresh', 'give each ESP packet a sequence number and an IV of its own')
    .option('--eth-src <mac>', "Ethernet source (default: the interface's, zeros in a file)", mac)
    .option('--eth-dst <mac>', 'Ethernet destination (default: broadcast)', mac)
    .option('--json', 'say in JSON what was sent')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => environment.write('stdout', text),
      writeErr: (text) => environment.write('stderr', text),
      outputError: (text, write) => write(`pktgen: ${text}`),
      getOutHelpWidth: () => 100,
    });
  try {
    command.parse([...words], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    throw error;
  }
  const parsed = command.opts<Parsed>();
  return {
    count: parsed.count,
    size: parsed.size,
    encrypt: parsed.encrypt,
    target: targetOf(parsed),
    source: parsed.src,
    destination: parsed.dst,
    tunnelSource: parsed.tunnelSrc,
    tunnelDestination: parsed.tunnelDst,
    spi: parsed.spi,
    keyFile: parsed.keyFile,
    fresh: parsed.fresh ?? false,
    ethernetSource: parsed.ethSrc,
    ethernetDestination: parsed.ethDst,
    json: parsed.json ?? false,
  };
}

/**
 * An interface cannot have a `/` in its name, and is not called .pcap. A name that is neither a file's nor that of an
 * interface which exists stays an interface's: a slip of the pen shall not end in a file.
 */
function targetOf({ iface, output }: Parsed): PktgenOptions['target'] {
  if (output !== undefined) return { kind: 'file', name: output === '-' ? '/dev/stdout' : output };
  return { kind: /\/|\.pcap(ng)?$/.test(iface) ? 'file' : 'interface', name: iface };
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
  };
}

/** The article's script knows 0 and False and takes all else for yes; here what is neither is refused. */
function truth(text: string): boolean {
  if (/^(0|false|no|off)$/i.test(text)) return false;
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  throw new InvalidArgumentError('Expected 0 or False, 1 or True.');
}

function notEmpty(text: string): string {
  if (text !== '') return text;
  throw new InvalidArgumentError('Expected a name.');
}

function address(flags: string, description: string, standard: number): Option {
  return new Option(flags, description).default(standard, formatIpv4(standard)).argParser((text) => {
    const value = parseIpv4(text);
    if (value !== undefined) return value;
    throw new InvalidArgumentError('Expected an IPv4 address.');
  });
}

function mac(text: string): Uint8Array {
  const value = parseMac(text);
  if (value !== undefined) return value;
  throw new InvalidArgumentError('Expected an address like 02:00:00:00:00:01.');
}
