import { SetupError } from '@inline-ipsec/eal/errors';
import { readU32 } from './big-endian.ts';

/** The errors of capture files, all with the place in the file. */

/** Something in the file cannot be so. `what` is what cannot, such as `the captured length`. */
export function malformed(frames: number, offset: number, what: string, expected: string, got: string): SetupError {
  return new SetupError({
    code: 'ERR_CAPTURE_MALFORMED',
    errno: 'EINVAL',
    message: `the capture file is damaged at byte ${offset}, after ${frames} whole frames: ${what} cannot be`,
    expected,
    got,
    remedy: 'the frames before are good; write the file again if more are needed',
  });
}

/** The file ends within something that begins at `offset`. */
export function truncated(frames: number, offset: number, what: string, expected: number, got: number): SetupError {
  return new SetupError({
    code: 'ERR_CAPTURE_TRUNCATED',
    errno: 'EIO',
    message: `the capture file is cut short: after ${frames} whole frames it ends within ${what} at byte ${offset}`,
    expected: `${expected} bytes`,
    got: String(got),
    remedy: 'the frames before are good; copy or write the file again if more are needed',
  });
}

/** The file does not begin as a capture; some that begin otherwise are known by name. */
export function unknownFormat(bytes: Uint8Array, available: number): SetupError {
  const magic = available >= 4 ? readU32(bytes, 0) : 0;
  const details = {
    code: 'ERR_CAPTURE_FORMAT',
    errno: 'EINVAL',
    message: 'this is no pcap or pcapng file',
    expected: 'a1b2c3d4, a1b23c4d or 0a0d0d0a at byte 0, in either byte order',
  } as const;
  if (available < 4) return new SetupError({ ...details, got: `${available} bytes in all` });
  for (const { mask, value, name, remedy } of FOREIGN) {
    if ((magic & mask) >>> 0 === value) return new SetupError({ ...details, got: name, remedy });
  }
  return new SetupError({ ...details, got: magic.toString(16).padStart(8, '0') });
}

const CONVERT = 'convert it with `editcap -F pcap`';
const FOREIGN = [
  { mask: 0xffff0000, value: 0x1f8b0000, name: 'a gzip file', remedy: 'decompress it first' },
  { mask: 0xffffffff, value: 0x28b52ffd, name: 'a zstd file', remedy: 'decompress it first' },
  { mask: 0xffffffff, value: 0x04224d18, name: 'an lz4 file', remedy: 'decompress it first' },
  { mask: 0xffffffff, value: 0x736e6f6f, name: 'a snoop file', remedy: CONVERT },
  { mask: 0xffffffff, value: 0xa1b2cd34, name: 'a pcap file in the modified form of 1999', remedy: CONVERT },
  { mask: 0xffffffff, value: 0x34cdb2a1, name: 'a pcap file in the modified form of 1999', remedy: CONVERT },
];
