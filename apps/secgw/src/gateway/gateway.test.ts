import { createOpensslEngine } from '@inline-ipsec/cryptodev/openssl';
import { ipv4Checksum } from '@inline-ipsec/net/checksum';
import { writeIpv4Header } from '@inline-ipsec/net/ipv4';
import { readCapture, writePcap } from '@inline-ipsec/net/pcap';
import { describe, expect, it } from 'vitest';
import { CaptureRun } from './capture-run.ts';
import type { StartOptions } from './start-gateway.ts';

const KEY = '2b:7e:15:16:28:ae:d2:a6:ab:f7:15:88:09:cf:4f:3d:de:ad:be:ef';
const hex = (data: Uint8Array) => Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');
const bytes = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const LOOKASIDE = `#SP IPv4 rules
sp ipv4 out esp protect 1005 pri 1 dst 192.168.105.0/24 sport 0:65535 dport 0:65535

#SA rules
sa out 1005 aead_algo aes-128-gcm aead_key ${KEY} \\
mode ipv4-tunnel src 172.16.1.5 dst 172.16.2.5 \\
port_id 1 \\
type no-offload \\

sa in 5 aead_algo aes-128-gcm aead_key ${KEY} \\
mode ipv4-tunnel src 172.16.1.5 dst 172.16.2.5 \\
port_id 1 \\
type no-offload \\

#Routing rules
rt ipv4 dst 172.16.2.5/32 port 1
rt ipv4 dst 192.168.105.10/32 port 0
`;

/** The packet of the article's generator: 192.168.105.10 to itself, `|->`, text, `<-|`. */
function articlePacket(size = 64, ttl = 64): Uint8Array {
  const text = `|->${'test-'.repeat(2000).slice(0, size - 6)}<-|`;
  const packet = new Uint8Array(20 + size);
  writeIpv4Header(packet, 0, {
    source: 0xc0a8690a,
    destination: 0xc0a8690a,
    protocol: 0,
    ttl,
    id: 1,
    totalLength: packet.length,
  });
  for (let i = 0; i < size; i++) packet[20 + i] = text.charCodeAt(i);
  return packet;
}

function ethernet(packet: Uint8Array, type = packet[0] >>> 4 === 6 ? 0x86dd : 0x0800): Uint8Array {
  const frame = new Uint8Array(Math.max(60, 14 + packet.length));
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, type >>> 8, type & 0xff]);
  frame.set(packet, 14);
  return frame;
}

const ARTICLE_LINE = [
  '--vdev',
  'crypto_null',
  '--',
  '-p',
  '0x3',
  '-P',
  '-u',
  '0x2',
  '--config=(0,0,0),(1,0,0)',
  '-f',
  'a.cfg',
];

interface Run {
  /** IP packets that left on port 0 and on port 1. */
  sent: [Uint8Array[], Uint8Array[]];
  frames: [Uint8Array[], Uint8Array[]];
  drops: Record<string, number>;
  stdout: string;
  stderr: string;
}

/** Sends frames into port 0 (protected) and port 1 (unprotected) and collects what comes out. */
function run(
  configuration: string,
  into: { clear?: Uint8Array[]; esp?: Uint8Array[] },
  more: { options?: string[]; eal?: string[]; start?: StartOptions } = {},
): Run {
  const bench = new CaptureRun({ openssl: createOpensslEngine });
  const { files } = bench.files;
  files.set('a.cfg', new TextEncoder().encode(configuration));
  files.set('clear.pcap', writePcap((into.clear ?? []).map((data) => ({ data }))));
  files.set('esp.pcap', writePcap((into.esp ?? []).map((data) => ({ data }))));
  const argv = [
    '-l',
    '0',
    '-m',
    '64',
    '--vdev',
    'net_pcap0,rx_pcap=clear.pcap,tx_pcap=out0.pcap',
    '--vdev',
    'net_pcap1,rx_pcap=esp.pcap,tx_pcap=out1.pcap',
    ...(more.eal ?? []),
    '--',
    '-p',
    '0x3',
    '-P',
    '-u',
    '0x2',
    '--config=(0,0,0),(1,0,0)',
    '-f',
    'a.cfg',
    '--until-idle',
    ...(more.options ?? []),
  ];
  const gateway = bench.start(argv, more.start);
  bench.finish(gateway);
  const drops = gateway.drops();
  expect(gateway.pool.inUseCount).toBeLessThanOrEqual(64);
  gateway.stop();
  expect(gateway.pool.inUseCount).toBe(0);
  const frames = (name: string) => readCapture(files.get(name) as Uint8Array).map(({ data }) => data);
  const out: [Uint8Array[], Uint8Array[]] = [frames('out0.pcap'), frames('out1.pcap')];
  const { stdout, stderr } = bench.environment.written;
  return {
    frames: out,
    sent: [out[0].map((frame) => frame.subarray(14)), out[1].map((frame) => frame.subarray(14))],
    drops,
    stdout,
    stderr,
  };
}

describe('the gateway on captures', () => {
  it('encrypts what a policy protects, and another gateway decrypts it', () => {
    const clear = Array.from({ length: 100 }, (_, i) => ethernet(articlePacket(6 + i)));
    const outbound = run(LOOKASIDE, { clear });
    expect(outbound.drops).toEqual({});
    expect(outbound.sent[1]).toHaveLength(100);
    expect(outbound.sent[1].map((packet) => packet[9])).toEqual(Array(100).fill(50));
    const back = LOOKASIDE.replace('sa in 5', 'sa in 1005');
    const inbound = run(back, { esp: outbound.frames[1] });
    expect(inbound.drops).toEqual({});
    expect(inbound.sent[0].map(hex)).toEqual(Array.from({ length: 100 }, (_, i) => hex(articlePacket(6 + i, 62))));
  });

  it('makes the 32nd packet of the article bit for bit but for padding and inner checksum', () => {
    const clear = Array.from({ length: 32 }, () => ethernet(articlePacket()));
    const { sent } = run(LOOKASIDE, { clear });
    const last = sent[1][31];
    expect(hex(last.subarray(0, 36))).toBe('4500008c0000000040321f16ac100105ac100205000003ed000000200000000000000020');
    expect(last).toHaveLength(140);
  });

  it('sends frames from its own address to the neighbour', () => {
    const neigh = `${LOOKASIDE}neigh port 1 02:11:22:33:44:55\n`;
    const { frames } = run(neigh, { clear: [ethernet(articlePacket())] });
    expect(hex(frames[1][0].subarray(0, 14))).toBe('0211223344550270636170010800');
    const { frames: plain } = run(LOOKASIDE, { clear: [ethernet(articlePacket())] });
    expect(hex(plain[1][0].subarray(0, 6))).toBe('00163e22a1d9');
  });

  it('decrypts the first packet', () => {
    const [esp] = run(LOOKASIDE, { clear: [ethernet(articlePacket())] }).frames[1];
    const { sent } = run(LOOKASIDE.replace('sa in 5', 'sa in 1005'), { esp: [esp] });
    expect(sent[0]).toHaveLength(1);
    expect(sent[0][0][8]).toBe(62);
    expect(ipv4Checksum(sent[0][0], 0)).toBe((sent[0][0][10] << 8) | sent[0][0][11]);
  });

  it('drops each bad packet under a reason of its own and loses nothing else', () => {
    const good = run(LOOKASIDE, { clear: Array.from({ length: 12 }, () => ethernet(articlePacket())) }).frames[1];
    const changed = (at: number, value: number, from = good[0]) => {
      const frame = from.slice();
      frame[14 + at] = value;
      return frame;
    };
    const esp = [
      good[1],
      changed(60, 0xff ^ good[0][74]),
      changed(20, 7),
      changed(15, 9),
      good[2],
      good[2],
      // The IP length says 100 where the ESP packet had 140.
      changed(3, 100),
      ethernet(good[3].subarray(14), 0x0806),
      good[4],
    ];
    const { drops, sent } = run(LOOKASIDE.replace('sa in 5', 'sa in 1005'), { esp }, { options: ['-w', '64'] });
    expect(drops).toEqual({ icv: 2, sa_unknown: 1, sa_address: 1, replay: 1, ethertype: 1 });
    expect(sent[0]).toHaveLength(3);
  });

  it('drops what no policy matches, and sends nothing in clear that one protects', () => {
    const other = articlePacket();
    other.set([10, 0, 0, 1], 16);
    const expired = articlePacket(64, 1);
    const { drops, sent } = run(LOOKASIDE, { clear: [ethernet(other), ethernet(expired), ethernet(articlePacket())] });
    expect(drops).toEqual({ policy_none: 1, ttl: 1 });
    expect(sent[0]).toEqual([]);
    expect(sent[1].map((packet) => packet[9])).toEqual([50]);
  });

  it('bypasses and discards as policies say', () => {
    const configuration = `sp ipv4 out esp bypass pri 5 dst 10.0.0.0/8 sport 0:65535 dport 0:65535
sp ipv4 out esp discard pri 9 dst 10.9.0.0/16 sport 0:65535 dport 0:65535
sp ipv4 in esp bypass pri 1 src 10.0.0.0/8 sport 0:65535 dport 0:65535
rt ipv4 dst 10.0.0.0/8 port 1
rt ipv4 dst 192.168.105.0/24 port 0
`;
    const to = (...address: number[]) => {
      const packet = articlePacket();
      packet.set(address, 16);
      return ethernet(packet);
    };
    const from = articlePacket();
    from.set([10, 0, 0, 3], 12);
    const { drops, sent } = run(configuration, {
      clear: [to(10, 1, 1, 1), to(10, 9, 1, 1), to(11, 0, 0, 1)],
      esp: [ethernet(from), ethernet(articlePacket())],
    });
    expect(drops).toEqual({ policy_discard: 1, policy_none: 2 });
    expect(sent[1]).toHaveLength(1);
    expect(sent[0]).toHaveLength(1);
  });

  it('wants a protected packet from just the SA of its policy, and clear ones not at all', () => {
    const keyed = (spi: number) =>
      `sa in ${spi} aead_algo aes-128-gcm aead_key ${KEY} mode ipv4-tunnel src 172.16.1.5 dst 172.16.2.5\n`;
    const configuration = `sp ipv4 in esp protect 1005 pri 1 dst 192.168.105.0/24 sport 0:65535 dport 0:65535
${keyed(1005)}${keyed(1006)}rt ipv4 dst 192.168.105.10/32 port 0
`;
    const [esp] = run(LOOKASIDE, { clear: [ethernet(articlePacket())] }).frames[1];
    const [other] = run(LOOKASIDE.replaceAll('1005', '1006'), { clear: [ethernet(articlePacket())] }).frames[1];
    const { drops, sent } = run(configuration, { esp: [esp, other, ethernet(articlePacket())] });
    expect(sent[0]).toHaveLength(1);
    expect(drops).toEqual({ policy_wrong_sa: 1, policy_unprotected: 1 });
  });

  it('drops ESP on a protected port, packets without a route, and packets over the MTU', () => {
    const [esp] = run(LOOKASIDE, { clear: [ethernet(articlePacket())] }).frames[1];
    const { drops } = run(LOOKASIDE.replace('172.16.2.5/32', '172.16.9.9/32'), {
      clear: [esp, ethernet(articlePacket())],
    });
    expect(drops).toEqual({ esp_on_protected: 1, no_route: 1 });
    const large = run(LOOKASIDE, { clear: [ethernet(articlePacket(1426)), ethernet(articlePacket(1427))] });
    expect(large.drops).toEqual({ mtu: 1 });
    expect(large.sent[1].map((packet) => packet.length)).toEqual([1500]);
  });

  it('carries every size from the smallest on', () => {
    const clear = Array.from({ length: 64 }, (_, i) => ethernet(articlePacket(6 + i)));
    clear.push(ethernet(articlePacket(6).subarray(0, 20).slice()));
    const { sent } = run(LOOKASIDE, { clear: clear.slice(0, 64) });
    expect(sent[1]).toHaveLength(64);
    for (const packet of sent[1]) expect(packet.length % 4).toBe(0);
  });

  it('protects everything by one SA with --single-sa', () => {
    const other = articlePacket();
    other.set([10, 0, 0, 1], 16);
    const { sent, drops, stdout } = run(LOOKASIDE, { clear: [ethernet(other)] }, { options: ['--single-sa', '0'] });
    expect(drops).toEqual({});
    expect(sent[1].map((packet) => packet[9])).toEqual([50]);
    expect(stdout).toContain('Configured with single SA index 0');
  });

  it('carries IPv6 over IPv6 and over IPv4, and back', () => {
    const v6 = new Uint8Array(60);
    v6.set([0x60, 0, 0, 0, 0, 20, 17, 64]);
    v6.set([0xfd, 0x12], 8);
    v6[23] = 1;
    v6.set([0xfd, 0x34], 24);
    v6[39] = 2;
    for (const tunnel of ['ipv6-tunnel src fd00::1 dst fd00::2', 'ipv4-tunnel src 172.16.1.5 dst 172.16.2.5']) {
      const configuration = `sp ipv6 out esp protect 7 pri 1 dst fd34::/16 sport 0:65535 dport 0:65535
sa out 7 aead_algo aes-128-gcm aead_key ${KEY} mode ${tunnel}
sa in 7 aead_algo aes-128-gcm aead_key ${KEY} mode ${tunnel}
rt ipv6 dst fd00::2/128 port 1
rt ipv6 dst fd34::/16 port 0
rt ipv4 dst 172.16.2.5/32 port 1
`;
      const outbound = run(configuration, { clear: [ethernet(v6)] });
      expect(outbound.drops).toEqual({});
      const inbound = run(configuration, { esp: outbound.frames[1] });
      expect(inbound.drops).toEqual({});
      const back = v6.slice();
      back[7] = 62;
      expect(inbound.sent[0].map((packet) => hex(packet.subarray(0, 60)))).toEqual([hex(back)]);
    }
  });

  it.each([
    ['aes-128-cbc', 16, 'sha1-hmac', 20],
    ['aes-256-cbc', 32, 'sha256-hmac', 32],
    ['aes-128-ctr', 20, 'sha1-hmac', 20],
    ['3des-cbc', 24, 'sha1-hmac', 20],
    ['null', 0, 'sha256-hmac', 32],
    ['null', 0, 'null', 0],
    ['aes-128-cbc', 16, 'aes-xcbc-mac-96', 16],
  ])('carries packets under %s (%i) with %s (%i)', (cipher, cipherBytes, auth, authBytes) => {
    const key = (length: number) => Array.from({ length }, (_, i) => (i + 1).toString(16)).join(':');
    const crypto =
      `cipher_algo ${cipher} ${cipherBytes > 0 ? `cipher_key ${key(cipherBytes)}` : ''} ` +
      `auth_algo ${auth} ${authBytes > 0 ? `auth_key ${key(authBytes)}` : ''}`;
    const configuration = LOOKASIDE.replaceAll(/aead_algo \S+ aead_key \S+/g, crypto).replace('sa in 5', 'sa in 1005');
    const clear = [6, 7, 30, 64, 1000].map((size) => ethernet(articlePacket(size)));
    const outbound = run(configuration, { clear });
    expect(outbound.drops).toEqual({});
    const inbound = run(configuration, { esp: outbound.frames[1] });
    expect(inbound.drops).toEqual({});
    expect(inbound.sent[0].map((packet) => packet.length)).toEqual([26, 27, 50, 84, 1020]);
  });

  it('prints what harnesses wait for, and says good-bye', () => {
    const { stdout, stderr } = run(LOOKASIDE, {});
    expect(stderr).toContain('IPSEC: entering main loop on lcore 0\n');
    expect(stderr).toContain('IPSEC:  -- lcoreid=0 portid=1 rxqueueid=0\n');
    expect(stdout).toContain('Checking link status....done\nPort 0 Link up at 10 Gbps FDX');
    expect(stdout).toContain('LPM: Adding route 172.16.2.5/32 (1)\n');
    expect(stdout).toContain('Closing port 1... Done\nBye...\n');
  });

  it('leaves no key behind, in its output or in its memory', () => {
    const bench = new CaptureRun();
    bench.files.files.set('a.cfg', new TextEncoder().encode(LOOKASIDE));
    const gateway = bench.start([
      '-m',
      '64',
      '--vdev',
      'net_null0,no-rx=1',
      '--vdev',
      'net_null1,no-rx=1',
      '--',
      '-p',
      '3',
      '-u',
      '2',
      '--config=(0,0,0),(1,0,0)',
      '-f',
      'a.cfg',
    ]);
    gateway.stop();
    const { stdout, stderr } = bench.environment.written;
    expect(stdout + stderr).not.toMatch(/2b:?7e:?15/i);
    const key = bytes(KEY.replaceAll(':', '')).subarray(0, 16);
    const { u8 } = gateway.memory;
    let found = 0;
    for (let at = u8.indexOf(key[0]); at >= 0; at = u8.indexOf(key[0], at + 1)) {
      if (key.every((byte, i) => u8[at + i] === byte)) found++;
    }
    expect(found).toBe(0);
  });
});

describe('a gateway that cannot start', () => {
  const start = (configuration: string, eal: string[] = []) => {
    const bench = new CaptureRun();
    bench.files.files.set('a.cfg', new TextEncoder().encode(configuration));
    bench.files.files.set('clear.pcap', writePcap([]));
    return () =>
      bench.start([
        '-m',
        '64',
        '--vdev',
        'net_null0,no-rx=1',
        '--vdev',
        'net_null1,no-rx=1',
        ...eal,
        ...ARTICLE_LINE.slice(2),
      ]);
  };

  it('names the vdev that would serve an SA that none of the chosen ones can', () => {
    expect(start(LOOKASIDE, ['--vdev', 'crypto_null0'])).toThrow(
      /a\.cfg:\d+: error: .*aes-128-gcm.*crypto_null0.*--vdev crypto_openssl0/,
    );
  });

  it('takes no other engine in silence when a crypto vdev that was asked for cannot be had', () => {
    expect(start(LOOKASIDE, ['--vdev', 'crypto_aesni_gcm0'])).toThrow(
      'crypto device crypto_aesni_gcm0 cannot be had: engine ipsec-mb is not in this build; leave --vdev crypto_aesni_gcm0 out',
    );
  });

  it('names the port that cannot do inline SAs', () => {
    expect(start(LOOKASIDE.replaceAll('no-offload', 'inline-crypto-offload'))).toThrow(
      /a\.cfg:\d+: error: .*IPSec offload is not supported by port 1 \(net_null1\).*type no-offload/,
    );
  });

  it.each([
    ['an unknown word', LOOKASIDE.replace('protect', 'protekt'), 2],
    ['a key of the wrong length', LOOKASIDE.replace(':be:ef \\', ':be \\'), 5],
    ['a bad digit in a key', LOOKASIDE.replace('2b:7e', '2b:7g'), 5],
    ['a bad address', LOOKASIDE.replace('src 172.16.1.5', 'src 172.16.1.500'), 6],
    ['a missing algorithm', LOOKASIDE.replace(/aead_algo aes-128-gcm aead_key \S+/, ''), 5],
    ['a policy without its SA', LOOKASIDE.replace('protect 1005', 'protect 1006'), 2],
  ])('points at %s', (_what, configuration, line) => {
    expect(start(configuration)).toThrow(new RegExp(`^a\\.cfg:${line}: error: `));
  });

  it('refuses --until-idle on a wire that never ends, by name', () => {
    const bench = new CaptureRun();
    bench.files.files.set('a.cfg', new TextEncoder().encode(LOOKASIDE));
    expect(() =>
      bench.start([
        '-m',
        '64',
        '--vdev',
        'net_null0',
        '--vdev',
        'net_null1,no-rx=1',
        ...ARTICLE_LINE.slice(2),
        '--until-idle',
      ]),
    ).toThrow(/--until-idle .*port 0 \(net_null0\)/);
  });

  it('says that library mode comes later', () => {
    const bench = new CaptureRun();
    expect(() => bench.start(['-m', '64', ...ARTICLE_LINE.slice(2), '-l'])).toThrow(/comes later/);
  });
});

describe('flow lines', () => {
  it('are tried, and never fatal', () => {
    const flows = `flow ipv4 dst 10.0.0.0/8 port 0 queue 0\n`;
    const { stdout, stderr } = run(LOOKASIDE + flows, {});
    expect(stdout).toMatch(/Flow #0 \(line \d+\): port 0 ipv4 \/ end → queue \/ end \[UNSUPPORTED\]/);
    const line = LOOKASIDE.split('\n').length;
    expect(stderr).toContain(
      `a.cfg:${line}: warning: port 0 does not take this rule: port 0 (net_pcap0) has no flow rules`,
    );
  });
});
