import { readCapture, writePcap } from '@inline-ipsec/net/pcap';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ALGORITHMS,
  associationName,
  type EspAssociation,
  hasIcv,
  MODES,
  saLine,
  TUNNEL,
  tsharkWords,
} from './esp-association.ts';
import { lookFor, runForeign } from './foreign-programs.ts';
import { captureWords, runGateway } from './gateway-process.ts';
import { afterHops, frameOf, hex, udpPacket } from './packets.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/** tshark, told the associations, reads what the gateway sends: every algorithm, every mode, both families inside. */

const TSHARK = lookFor('tshark', 'tshark', '--version');

const SIZES = [0, 1, 2, 3, 4, 9, 16, 64, 1350];
/** Number n protects what goes to 10.n.0.0/16 and fd10:n::/32. */
const ROWS = ALGORITHMS.flatMap((algorithm) => MODES.map((mode) => ({ algorithm, mode }))).map(
  (row, n): EspAssociation & { n: number } => ({ ...row, n, spi: 0x2000 + n }),
);
const NAMED = ROWS.map((row) => [associationName(row), row] as const);

const packetsTo = (n: number) =>
  SIZES.flatMap((bytes) => [udpPacket(`10.${n}.0.9`, bytes), udpPacket(`fd10:${n}::9`, bytes)]);

/** One packet as tshark sees it. */
interface Seen {
  readonly spi: number;
  readonly sequence: number;
  /** `0` for a good ICV, `1` for a bad one, nothing where there is none. */
  readonly icvBad: string;
  /** What was enciphered, trailer included. */
  readonly plain: string;
  readonly ports: string;
  readonly checksums: string[];
}

function read(folder: TemporaryFolder, name: string, associations: readonly EspAssociation[]): Seen[] {
  const fields = ['esp.spi', 'esp.sequence', 'esp.icv_bad', 'esp.decrypted_data', 'udp.dstport'];
  fields.push('ip.checksum.status', 'udp.checksum.status');
  const output = runForeign(folder.path, 'tshark', [
    ...[
      '-n',
      '-r',
      name,
      '-o',
      'ip.check_checksum:TRUE',
      '-o',
      'udp.check_checksum:TRUE',
      ...tsharkWords(associations),
    ],
    ...['-T', 'fields', ...fields.flatMap((field) => ['-e', field])],
  ]);
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [spi, sequence, icvBad, plain, ports, ip, udp] = line.split('\t');
      const checksums = [...ip.split(','), ...udp.split(',')].filter((status) => status !== '');
      return { spi: Number(spi), sequence: Number(sequence), icvBad, plain, ports, checksums };
    });
}

const GOOD = '1';

describe.skipIf(!TSHARK.here)(`what the gateway sends, seen by tshark${TSHARK.note}`, () => {
  const folder = new TemporaryFolder();
  let seen: Seen[] = [];

  beforeAll(async () => {
    folder.write(
      'all.cfg',
      [
        ...ROWS.flatMap((row) => [
          `sp ipv4 out esp protect ${row.spi} pri 1 dst 10.${row.n}.0.0/16 sport 0:65535 dport 0:65535`,
          `sp ipv6 out esp protect ${row.spi} pri 1 dst fd10:${row.n}::/32 sport 0:65535 dport 0:65535`,
          saLine('out', row),
        ]),
        `rt ipv4 dst ${TUNNEL['ipv4-tunnel'][1]}/32 port 1`,
        `rt ipv6 dst ${TUNNEL['ipv6-tunnel'][1]}/128 port 1`,
        'rt ipv4 dst 10.0.0.0/8 port 1',
        'rt ipv6 dst fd10::/16 port 1',
        // Without an inbound SA the unprotected port would be an error.
        'sa in 5 cipher_algo null auth_algo null mode transport',
        '',
      ].join('\n'),
    );
    folder.write(
      'clear.pcap',
      writePcap(ROWS.flatMap(({ n }) => packetsTo(n)).map((data) => ({ data: frameOf(data) }))),
    );
    const ending = await runGateway(folder.path, captureWords({ configuration: 'all.cfg', clear: 'clear.pcap' }));
    expect(ending).toMatchObject({ status: 0 });
    expect(ending.stdout).not.toContain('Dropped as');
    seen = read(folder, 'out1.pcap', ROWS);
  });

  it('is all there', () => {
    expect(seen).toHaveLength(ROWS.length * SIZES.length * 2);
  });

  it.each(NAMED)('is decrypted to the last byte: %s', (_name, { n, spi, mode, algorithm }) => {
    const rows = seen.filter((row) => row.spi === spi);
    expect(rows.map(({ sequence }) => sequence)).toEqual(rows.map((_, i) => i + 1));
    const transport = mode === 'transport';
    const wanted = packetsTo(n).map((packet) => {
      if (!transport) return hex(afterHops(packet, 1));
      return hex(packet.subarray(packet[0] >>> 4 === 4 ? 20 : 40));
    });
    expect(rows.map(({ plain }) => withoutTrailer(plain)).sort()).toEqual(wanted.sort());
    for (const { icvBad, ports, checksums } of rows) {
      expect(icvBad).toBe(hasIcv(algorithm) ? '0' : '');
      expect(ports).toBe('4002');
      expect(checksums).toEqual(checksums.map(() => GOOD));
    }
  });

  it.each([
    ['GCM', ROWS[0]],
    ['HMAC', ROWS[9]],
  ])('is seen as bad when a bit of it was changed: %s', (_name, row) => {
    const frame = readCapture(folder.read('out1.pcap')).find(
      ({ data }) => data.length > 1000 && spiOf(data) === row.spi,
    );
    if (frame === undefined) throw new Error('no such packet');
    frame.data[700] ^= 1;
    folder.write('changed.pcap', writePcap([frame]));
    expect(read(folder, 'changed.pcap', [row])[0].icvBad).toBe('1');
  });
});

/** Of a frame with ESP over IPv4. */
function spiOf(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(34);
}

/** The plaintext less its padding, which must be 1, 2, 3, … (RFC 4303 section 2.4), pad length and next header. */
function withoutTrailer(plain: string): string {
  const bytes = Buffer.from(plain, 'hex');
  const pad = bytes[bytes.length - 2];
  const end = bytes.length - 2 - pad;
  expect([...bytes.subarray(end, end + pad)]).toEqual(Array.from({ length: pad }, (_, i) => i + 1));
  return bytes.subarray(0, end).toString('hex');
}
