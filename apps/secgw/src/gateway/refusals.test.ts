import { SetupError } from '@inline-ipsec/eal/errors';
import { describe, expect, it } from 'vitest';
import { CaptureRun } from './capture-run.ts';

/**
 * What a card cannot do is told by the line of the configuration that asks for it, with the field, the limit and the
 * nearest thing that works.
 */

const key = (bytes: number) => Array.from({ length: bytes }, (_, i) => (i + 16).toString(16)).join(':');
const AES_128_GCM = `aead_algo aes-128-gcm aead_key ${key(20)}`;
const INLINE = 'port_id 1 type inline-crypto-offload';

interface SaText {
  readonly algorithm?: string;
  readonly direction?: 'in' | 'out';
  readonly destination?: string;
  readonly more?: string;
}

/** A line for an inline SA of port 1. */
function sa(
  spi: number,
  { algorithm = AES_128_GCM, direction = 'out', destination, more = INLINE }: SaText = {},
): string {
  return `sa ${direction} ${spi} ${algorithm} mode ipv4-tunnel src 172.16.1.5 dst ${destination ?? '172.16.2.5'} ${more}`;
}

const CARDS = ['-a', '06:00.0', '-a', '06:00.1'];

/** A start, on two cards without cables unless said otherwise. */
function start(lines: readonly string[], options: readonly string[] = [], ports = CARDS) {
  const bench = new CaptureRun();
  bench.files.files.set('a.cfg', new TextEncoder().encode(`${lines.join('\n')}\n`));
  const application = ['-p', '3', '-u', '2', '--config=(0,0,0),(1,0,0)', '-f', 'a.cfg', ...options];
  let refusal: unknown;
  try {
    bench.start(['-l', '0', '-m', '64', ...ports, '--', ...application]).stop();
  } catch (error) {
    refusal = error;
  }
  return { refusal, ...bench.environment.written };
}

function message(...line: Parameters<typeof start>): string {
  const { refusal } = start(...line);
  expect(refusal).toBeInstanceOf(SetupError);
  return (refusal as SetupError).message;
}

describe('an SA that the card cannot do is refused at its line', () => {
  const only = 'the 82599 has AES-128-GCM and AES-128-GMAC only; use type no-offload, or aes-128-gcm';

  it.each([
    ['aead_algo aes-256-gcm', 36, 'AES-256-GCM: the 82599 has AES-128 only; use type no-offload, or aes-128-gcm'],
    ['aead_algo aes-192-gcm', 28, 'AES-192-GCM: the 82599 has AES-128 only; use type no-offload, or aes-128-gcm'],
    ['aead_algo aes-128-ccm', 20, `AES-128-CCM: ${only}`],
    ['aead_algo chacha20-poly1305', 36, `CHACHA20-POLY1305: ${only}`],
  ])('%s', (algorithm, bytes, text) => {
    const line = sa(5, { algorithm: `${algorithm} aead_key ${key(bytes)}` });
    expect(message(['# comment', sa(4), line])).toBe(`a.cfg:3: error: sa out 5: ${text}`);
  });

  it('a cipher and an integrity algorithm', () => {
    const algorithm = `cipher_algo aes-128-cbc cipher_key ${key(16)} auth_algo sha1-hmac auth_key ${key(20)}`;
    const text = message([sa(5, { algorithm, direction: 'in' })]);
    expect(text).toBe(`a.cfg:1: error: sa in 5: AES-128-CBC with HMAC-SHA1: ${only}`);
  });

  it('with GMAC and GCM it starts', () => {
    const gmac = `cipher_algo null auth_algo aes-gmac auth_key ${key(20)}`;
    const { refusal } = start([sa(4), sa(5, { algorithm: gmac }), sa(5, { algorithm: gmac, direction: 'in' })]);
    expect(refusal).toBeUndefined();
  });
});

describe('an SA with a word that the card cannot do is refused by that word', () => {
  const udp =
    'the 82599 does not have the option udpEncap: it does IPsec for ESP right behind an IP header, never for ESP in UDP; leave udp-encap out, for ESP without UDP by the card or by type no-offload';

  it.each(['out', 'in'] as const)('udp-encap, %s', (direction) => {
    const text = message([sa(4), sa(5, { direction, more: `${INLINE} udp-encap` })]);
    expect(text).toBe(`a.cfg:2: error: sa ${direction} 5: ${udp}`);
  });

  it('udp-encap on a port that does no IPsec, which is the larger limit', () => {
    const ports = ['-a', '06:00.0', '--vdev', 'net_null0,no-rx=1'];
    expect(message([sa(5, { more: `${INLINE} udp-encap` })], [], ports)).toMatch(/is not supported by port 1/);
  });

  it.each(['out', 'in'] as const)('esn, %s: a peer with ESN would take no packet of it', (direction) => {
    const text = message([sa(4), sa(5, { direction, more: `${INLINE} esn 1` })]);
    expect(text).toBe(
      `a.cfg:2: error: sa ${direction} 5: the 82599 does not have the option esn: it adds no high sequence number to what it authenticates; leave esn out, for sequence numbers of 32 bits on both sides`,
    );
  });

  it('but mss, without which packets are right, is a warning', () => {
    const { refusal, stderr } = start([sa(4), sa(5, { more: `${INLINE} mss 1400` })]);
    expect(refusal).toBeUndefined();
    expect(stderr).toMatch(/^a\.cfg:2: warning: "mss" has no effect .* no port cuts TCP segments.*; leave it out/m);
  });

  it('and what it says does work', () => {
    expect(start([sa(5), sa(6, { more: 'type no-offload' })]).refusal).toBeUndefined();
    expect(message([sa(5, { more: 'type no-offload udp-encap' })])).toMatch(
      /UDP encapsulation not supported for security session type 0 \(no-offload\).*; leave "udp-encap" out/,
    );
  });
});

describe('an inline SA without port_id', () => {
  const line = sa(5, { more: 'type inline-crypto-offload' });
  const warning =
    'a.cfg:1: warning: Missing portid option, falling back to non-offload: "type inline-crypto-offload" needs "port_id"';

  it('is no-offload, as in DPDK, and a warning says so', () => {
    const { refusal, stdout, stderr } = start([line]);
    expect(refusal).toBeUndefined();
    expect(stderr).toContain(`${warning}\n`);
    expect(stdout).toContain('spi_out(5):aes-128-gcm mode:IP4Tunnel 172.16.1.5 172.16.2.5 type:no-offload\n');
  });

  it('that no crypto device can take is told that it lacks port_id', () => {
    expect(message([line], [], [...CARDS, '--vdev', 'crypto_null'])).toBe(
      'a.cfg:1: error: sa out 5: No cores found to handle SA: "type inline-crypto-offload" lacks "port_id" and is no-offload, for which no crypto device has aes-128-gcm: got crypto_null; add "port_id" and the number of its port, or add --vdev crypto_openssl0, or leave all crypto vdevs out',
    );
    const asked = message([sa(5, { more: 'type no-offload' })], [], [...CARDS, '--vdev', 'crypto_null']);
    expect(asked).toMatch(/no crypto device has aes-128-gcm: got crypto_null; add --vdev/);
  });
});

describe('an SA that the port has no room for is refused at its line', () => {
  it('the 1,025th out', () => {
    const text = message(Array.from({ length: 1025 }, (_, i) => sa(1000 + i)));
    expect(text).toBe(
      'a.cfg:1025: error: sa out 2024: the transmit SA table of the 82599 is full: expected at most 1024 SAs; destroy a session, or use type no-offload for this SA',
    );
  });

  it('the 129th address in', () => {
    const lines = Array.from({ length: 129 }, (_, i) =>
      sa(1000 + i, { direction: 'in', destination: `10.0.0.${i + 1}` }),
    );
    expect(message(lines)).toBe(
      'a.cfg:129: error: sa in 1128: the receive address table of the 82599 is full: expected at most 128 destination addresses; use type no-offload for this SA, or a destination that other SAs have',
    );
  });

  it('the 1,025th in', () => {
    const text = message(Array.from({ length: 1025 }, (_, i) => sa(1000 + i, { direction: 'in' })));
    expect(text).toMatch(/^a\.cfg:1025: error: sa in 2024: the receive SA table .* at most 1024 SAs; .*no-offload/);
  });
});

describe('a port that cannot do inline SAs is told from one that may not', () => {
  it('a software port', () => {
    const ports = ['-a', '06:00.0', '--vdev', 'net_null0,no-rx=1'];
    expect(message([sa(5)], [], ports)).toBe(
      'a.cfg:1: error: sa out 5: hardware TX IPSec offload is not supported by port 1 (net_null0): expected a port of an 82599, such as -a 06:00.0, got net_null; use type no-offload, or another port_id; "ipsec-secgw capabilities" lists what ports can do',
    );
  });

  it('a card whose offload the command line switches off', () => {
    expect(message([sa(5)], ['--txoffload', '0x2'])).toBe(
      'a.cfg:1: error: sa out 5: hardware TX IPSec offload is switched off on port 1 (0000:06:00.1) by --txoffload: expected 0x20000 in --txoffload; add it to --txoffload, or use type no-offload',
    );
    expect(message([sa(5, { direction: 'in' })], ['--rxoffload', '0'])).toMatch(
      /^a\.cfg:1: error: sa in 5: .* RX .* by --rxoffload: expected 0x8000 in --rxoffload/,
    );
  });

  it('a port that is not there', () => {
    const text = message([sa(5, { more: 'port_id 7 type inline-crypto-offload' })]);
    expect(text).toMatch(/^a\.cfg:1: error: port 7 is not enabled in port mask: expected a "port_id" in -p 0x3$/);
  });
});

describe('a port configuration that a port cannot do is refused with the limit and the nearest that works', () => {
  it('more queues than it has', () => {
    const ports = ['-a', '06:00.1', '--vdev', 'net_null0,no-rx=1'];
    const { refusal } = start(['rt ipv4 dst 10.0.0.0/8 port 1'], ['--config=(0,0,0),(1,0,0),(1,1,0)'], ports);
    expect((refusal as SetupError).message).toBe(
      'port 1 (net_null0) cannot have this many receive queues: expected 0 to 1, got 2; the nearest that works is 1',
    );
  });

  it('a longer MTU than inline IPsec leaves', () => {
    expect(message([sa(5)], ['--mtu', '9711', '-j', '12000', '-s', '1024'])).toMatch(
      /an MTU of at most 9710, got 9711; use a smaller MTU/,
    );
  });

  it('an MTU beyond its limits, as DPDK refuses it', () => {
    expect(message([], ['--mtu', '15855', '-j', '17000', '-s', '1024'])).toBe(
      'port 0 (0000:06:00.0) cannot have this MTU: expected 68 to 15854, got 15855; the nearest that works is 15854',
    );
    expect(message([], ['--mtu', '67'])).toMatch(/^port 0 .* expected 68 to 15854, got 67; the nearest .* 68$/);
    expect(start(['rt ipv4 dst 10.0.0.0/8 port 1'], ['--mtu', '68']).refusal).toBeUndefined();
  });

  it('an MTU that fits a buffer, but not what the card fills of it', () => {
    const small = ['--mtu', '9000', '-s', '3072', '-j'];
    expect(message([], [...small, '9343'])).toBe(
      'port 0 (0000:06:00.0) fills buffers in steps of 1024 bytes, so a packet of the mtu (--mtu) would lie in two; that comes later: expected -j 9344 or more, got -j 9343',
    );
    expect(start([], [...small, '9344']).refusal).toBeUndefined();
    const software = ['--vdev', 'net_null0,no-rx=1', '--vdev', 'net_null1,no-rx=1'];
    expect(start([], [...small, '9146'], software).refusal).toBeUndefined();
  });
});

describe('a flow line that a port cannot do', () => {
  /** What the line is printed with, behind [UNSUPPORTED], and the warning of it. */
  function refused(line: string, ports = CARDS): { printed: string | undefined; warning: string | undefined } {
    const { refusal, stdout, stderr } = start([sa(5, { more: 'type no-offload' }), line], [], ports);
    expect(refusal).toBeUndefined();
    const printed = /^Flow .*\[UNSUPPORTED\] (.*)$/m.exec(stdout)?.[1];
    return { printed, warning: /^a\.cfg:2: warning: (port .*)$/m.exec(stderr)?.[1] };
  }
  const inlineOnly = (action: string) =>
    `this driver has flow rules for inline IPsec only: expected the action security, got ${action}; leave the rule out: `;
  const spread = 'packets of a port are spread over its queues by RSS';
  const marks =
    'the 82599 gives packets no marks, so that no rule can look for one: expected eth, ipv4 or ipv6, esp, end, got ';

  it.each([
    ['ipv4 dst 10.0.0.0/8 port 0 queue 0', 'queue 0', `${inlineOnly('queue')}${spread}`],
    ['eth port 0 queue 3', 'queue 3', `${inlineOnly('queue')}${spread}`],
    ['eth port 0 count', 'count', `${inlineOnly('count')}packets are counted by port and by queue`],
    [
      'eth port 0 set_mark 7',
      'set_mark 7',
      `${inlineOnly('mark')}the card gives packets no marks, and software finds an SA by the SPI`,
    ],
    ['mark 5 port 0 queue 0', 'mark 5', `${marks}mark, end; leave mark out`],
    ['mark 5 eth ipv6 dst fd00::1/128 port 0 security', 'mark 5', `${marks}mark, eth, ipv6, esp, end; leave mark out`],
    [
      'ipv4 dst 172.16.2.5/32 port 0 security',
      'security',
      'a rule of the file has no session to give to the port; leave the line out: the gateway itself makes the rule of each "sa in" with type inline-crypto-offload',
    ],
    ['eth port 7 queue 0', 'port 7', 'there is no such port; use one of 0, 1'],
  ])('flow %s: the word, the limit, and what works', (words, field, reason) => {
    expect(refused(`flow ${words}`)).toEqual({
      printed: `${field}: ${reason}`,
      warning: `port ${field === 'port 7' ? 7 : 0} does not take "${field}" of this rule: ${reason}`,
    });
  });

  it('flow-direction of an SA as well', () => {
    const { printed } = refused(sa(6, { more: 'type no-offload flow-direction 1 2' }));
    expect(printed).toBe(`flow-direction 1 2: ${inlineOnly('queue')}${spread}`);
  });

  it('a line without an action', () => {
    expect(refused('flow eth port 0')).toEqual({
      printed: `${inlineOnly('none')}without an action it does nothing`,
      warning: `port 0 does not take this rule: ${inlineOnly('none')}without an action it does nothing`,
    });
  });

  it('a port without rules', () => {
    const { printed } = refused('flow eth port 1 queue 0', ['-a', '06:00.1', '--vdev', 'net_null0,no-rx=1']);
    expect(printed).toBe(
      'port 1 (net_null0) has no flow rules; leave the rule out, or use a port whose driver has some',
    );
  });
});
