import type { Environment } from '@inline-ipsec/eal/environment';
import { SetupError } from '@inline-ipsec/eal/errors';
import type { CaptureFiles } from '@inline-ipsec/wire/capture-files';
import { articleKeyAndSalt } from '../esp-packets.ts';
import { CaptureTargetFile, type FrameTarget } from '../frame-target.ts';
import { parseKeyText } from '../key-text.ts';
import { sendTraffic, type TrafficReport } from '../traffic.ts';
import { type PktgenOptions, parseOptions } from './options.ts';

/** All that the command takes from the system that it runs on. */
export interface PktgenPlatform {
  readonly environment: Environment;
  readonly files: CaptureFiles;
  /** What `--version` prints. */
  readonly version: string;
  /**
   * Reads a file into bytes of its own, which are wiped afterwards.
   *
   * @throws SetupError
   */
  readFile(path: string): Uint8Array;
  /** @throws SetupError */
  openInterface(name: string): Promise<FrameTarget>;
}

/**
 * The command `pktgen` with these words behind its name. Nothing is opened before all of them are found good.
 *
 * @returns the exit status: 0 when everything was sent
 * @throws SetupError when it cannot be sent
 */
export async function pktgenCommand(words: readonly string[], platform: PktgenPlatform): Promise<number> {
  const { environment } = platform;
  const options = parseOptions(words, platform.version, environment);
  if (typeof options === 'number') return options;
  const keyAndSalt = options.encrypt ? readKey(options.keyFile, platform) : new Uint8Array(0);
  let report: TrafficReport;
  try {
    const target = await openTarget(options, platform);
    try {
      report = sendTraffic(
        {
          count: options.count,
          size: options.size,
          source: options.source,
          destination: options.destination,
          ethernet: { source: options.ethernetSource, destination: options.ethernetDestination },
          esp: options.encrypt
            ? {
                spi: options.spi,
                keyAndSalt,
                source: options.tunnelSource,
                destination: options.tunnelDestination,
                fresh: options.fresh,
              }
            : undefined,
        },
        environment,
        target,
      );
    } finally {
      target.close();
    }
  } finally {
    keyAndSalt.fill(0);
  }
  // What goes to stdout as a capture shall be a capture.
  const stream = options.target.name === '/dev/stdout' ? 'stderr' : 'stdout';
  environment.write(stream, `${options.json ? jsonReport(options, report) : textReport(options, report)}\n`);
  return 0;
}

function readKey(path: string | undefined, platform: PktgenPlatform): Uint8Array {
  if (path === undefined) return articleKeyAndSalt();
  const text = platform.readFile(path);
  try {
    const key = parseKeyText(text);
    if ([20, 28, 36].includes(key.length)) return key;
    key.fill(0);
    throw new SetupError({
      code: 'ERR_PKTGEN_KEY',
      errno: 'EINVAL',
      message: `key file ${path} has a key of the wrong length`,
      expected: '20, 28 or 36 bytes: an AES key of 16, 24 or 32 and 4 of salt',
      got: `${key.length} bytes`,
    });
  } finally {
    text.fill(0);
  }
}

async function openTarget({ target }: PktgenOptions, platform: PktgenPlatform): Promise<FrameTarget> {
  return target.kind === 'interface'
    ? await platform.openInterface(target.name)
    : new CaptureTargetFile(target.name, platform.files, platform.environment);
}

function textReport(options: PktgenOptions, { packets, frameBytes, lastSequence }: TrafficReport): string {
  const verb = options.target.kind === 'file' ? 'Wrote' : 'Sent';
  const frames = packets === 1 ? `1 frame of ${frameBytes} bytes` : `${packets} frames of ${frameBytes} bytes`;
  const numbers =
    lastSequence === 1 || lastSequence === undefined ? 'sequence number 1' : `sequence numbers 1 to ${lastSequence}`;
  const what = lastSequence === undefined ? 'clear' : `ESP with SPI ${options.spi}, ${numbers}`;
  return `${verb} ${frames} to ${options.target.name}: ${what}`;
}

function jsonReport(options: PktgenOptions, { packets, frameBytes, lastSequence }: TrafficReport): string {
  return JSON.stringify({
    target: options.target,
    packets,
    frameBytes,
    size: options.size,
    encrypted: options.encrypt,
    ...(lastSequence === undefined ? {} : { spi: options.spi, firstSequence: 1, lastSequence }),
  });
}
