import { describe, expect, it } from 'vitest';
import { type CheckOptions, checkConfiguration, findProblems, transportAddresses } from './check.ts';
import { parseConfiguration } from './configuration.ts';
import { heapKeyStore } from './key.ts';
import type { GatewayConfiguration } from './rules.ts';

const key = (bytes: number, digit: string | number = 1) => Array.from({ length: bytes }, () => `${digit}`).join(':');
const gcm = (digit: string | number) => `aead_algo aes-128-gcm aead_key ${key(20, digit)}`;
const TUNNEL = 'mode ipv4-tunnel src 172.16.1.5 dst 172.16.2.5';
const PORTS = 'sport 0:65535 dport 0:65535';

function parse(text: string, library = false): GatewayConfiguration {
  return parseConfiguration(new TextEncoder().encode(text), { file: 'x.cfg', keys: heapKeyStore(), library });
}

function problems(text: string, options: CheckOptions = {}): string[] {
  const { errors, warnings } = findProblems(parse(text, options.library), options);
  return [...errors.map(({ code, line }) => `${line} ${code}`), ...warnings.map(({ code, line }) => `${line} ${code}`)];
}

function messageOf(text: string, options: CheckOptions = {}): string {
  const { errors, warnings } = findProblems(parse(text, options.library), options);
  return errors[0]?.message ?? warnings[0]?.text ?? '';
}

describe('a policy whose SA there is not', () => {
  it('is an error at its line, in the words of DPDK too', () => {
    const text = `sa out 6 ${gcm(1)} ${TUNNEL}\nsp ipv4 out esp protect 6 pri 1 ${PORTS}\nsp ipv6 out esp protect 1005 pri 1 ${PORTS}\n`;
    expect(problems(text)).toEqual(['3 ERR_CONFIG_UNMATCHED_SPI']);
    expect(messageOf(text)).toBe(
      'x.cfg:3: error: no SA with SPI 1005 in direction out, Outbound IPv6 SP DB has unmatched in SAD SPIs; add "sa out 1005 …"',
    );
    expect(() => checkConfiguration(parse(text))).toThrow(expect.objectContaining({ errno: 'ENOENT', line: 3 }));
  });

  it('is told of one in the other direction', () => {
    const text = `sa out 6 ${gcm(1)} ${TUNNEL}\nsp ipv4 in esp protect 6 pri 1 ${PORTS}\n`;
    expect(messageOf(text)).toBe(
      'x.cfg:2: error: no SA with SPI 6 in direction in, Inbound IPv4 SP DB has unmatched in SAD SPIs; line 1 has one in direction out',
    );
  });
});

describe('an SA that is there twice', () => {
  const twice = (a: string, b: string) => problems(`sa ${a} ${gcm(1)} ${TUNNEL}\nsa ${b} ${gcm(2)} ${TUNNEL}\n`);

  it('is an error in one direction, and none in two', () => {
    expect(twice('in 5', 'in 5')).toEqual(['2 ERR_CONFIG_SPI']);
    expect(twice('out 5', 'out 5')).toContain('2 ERR_CONFIG_SPI');
    expect(twice('in 5', 'out 5')).toEqual(['2 WARN_UNUSED_SA']);
    expect(messageOf(`sa in 5 ${gcm(1)} ${TUNNEL}\nsa in 5 ${gcm(2)} ${TUNNEL}\n`)).toContain(
      'SPI 5 in direction in is already used at line 1',
    );
  });

  it('may come in over IPv4 and over IPv6, but not in transport mode beside', () => {
    const tunnel6 = 'mode ipv6-tunnel src fd00::1 dst fd00::2';
    expect(problems(`sa in 5 ${gcm(1)} ${TUNNEL}\nsa in 5 ${gcm(2)} ${tunnel6}\n`)).toEqual([]);
    expect(problems(`sa in 5 ${gcm(1)} ${tunnel6}\nsa in 5 ${gcm(2)} mode transport\n`)).toEqual(['2 ERR_CONFIG_SPI']);
  });
});

describe('an algorithm', () => {
  const sha512 = `cipher_algo null auth_algo sha512-hmac auth_key ${key(64)}`;

  it('of library mode is an error in legacy mode, where the gateway does the crypto', () => {
    const text = `sa in 5 ${sha512} ${TUNNEL}\n`;
    expect(problems(text)).toEqual(['1 ERR_CONFIG_ALGORITHM']);
    expect(messageOf(text)).toContain('"sha512-hmac" is not possible in legacy mode');
    const policy = `sp ipv4 in esp protect 5 pri 1 ${PORTS}\n`;
    expect(problems(text + policy, { library: true })).toEqual([]);
  });

  it('of a port is the business of the port', () => {
    const gmac = `cipher_algo null auth_algo aes-gmac auth_key ${key(20)}`;
    expect(problems(`sa in 5 ${gmac} ${TUNNEL} type inline-crypto-offload port_id 0\n`)).toEqual([]);
    expect(problems(`sa in 5 ${gmac} ${TUNNEL}\n`)).toEqual(['1 ERR_CONFIG_ALGORITHM']);
  });

  it('of a port that is not said is told so', () => {
    const gmac = `cipher_algo null auth_algo aes-gmac auth_key ${key(20)}`;
    expect(messageOf(`sa in 5 ${gmac} ${TUNNEL} type inline-crypto-offload\n`)).toMatch(
      /legacy mode.*; or add "port_id": without it "type inline-crypto-offload" is no-offload$/,
    );
  });

  it('that no engine has is an error', () => {
    const text = `sa in 5 cipher_algo sm4-cbc cipher_key ${key(16)} auth_algo sha1-hmac auth_key ${key(20)} ${TUNNEL}\n`;
    expect(messageOf(text)).toBe('x.cfg:1: error: no engine has "sm4-cbc"');
  });
});

describe('a type', () => {
  it.each([
    ['type inline-protocol-offload port_id 0', '"type inline-protocol-offload" comes later'],
    ['type lookaside-protocol-offload port_id 0', '"type lookaside-protocol-offload" comes later'],
    ['type cpu-crypto', '"type cpu-crypto", which needs library mode, comes later'],
    [
      'type inline-protocol-offload port_id 0 udp-encap',
      'comes later; use "type no-offload" or "type inline-crypto-offload", without "udp-encap"',
    ],
  ])('%s comes later', (type, message) => {
    const text = `sa in 5 ${gcm(1)} ${TUNNEL} ${type}\n`;
    expect(problems(text)).toEqual(['1 ERR_NOT_YET']);
    expect(messageOf(text)).toContain(message);
  });

  it('knows which options have no effect in legacy mode', () => {
    const text = `sa in 5 ${gcm(1)} ${TUNNEL} esn 1 mss 1400 telemetry reassembly_en\n`;
    expect(problems(text)).toEqual(Array(4).fill('1 WARN_LIBRARY_ONLY'));
    expect(findProblems(parse(text)).warnings.map((warning) => warning.text)).toEqual([
      '"esn" has no effect in legacy mode, without -l: sequence numbers have 32 bits, and a peer with ESN takes no packet; leave it out on both sides',
      '"mss" has no effect in legacy mode, without -l: no port cuts TCP segments, which leave as long as they come; leave it out, and have hosts keep to the MTU',
      '"telemetry" has no effect in legacy mode, without -l',
      '"reassembly_en" has no effect in legacy mode, without -l',
    ]);
  });
});

describe('ports', () => {
  const text = `sa in 5 ${gcm(1)} ${TUNNEL} type inline-crypto-offload port_id 2\nrt ipv4 dst 10.0.0.0/8 port 3\n`;

  it('are not looked at without a mask', () => {
    expect(problems(text)).toEqual([]);
  });

  it('must be enabled for an inline SA, and should be for a route', () => {
    expect(problems(text, { portMask: 0x3 })).toEqual(['1 ERR_CONFIG_PORT', '2 WARN_ROUTE_PORT']);
    expect(messageOf(text, { portMask: 0x3 })).toContain(
      'port 2 is not enabled in port mask: expected a "port_id" in -p 0x3',
    );
    expect(problems(text, { portMask: 0xf })).toEqual([]);
  });

  it('of an inbound inline SA should be unprotected', () => {
    expect(problems(text, { portMask: 0xf, unprotectedMask: 0x2 })).toEqual(['1 WARN_PROTECTED_PORT']);
    expect(problems(text, { portMask: 0xf, unprotectedMask: 0x4 })).toEqual([]);
  });

  it('that are unprotected want an inbound SA', () => {
    expect(problems('rt ipv4 dst 10.0.0.0/8 port 0\n', { unprotectedMask: 1 })).toEqual(['1 WARN_NO_SA_IN']);
  });

  it('may have the number 31', () => {
    expect(problems('rt ipv4 dst 10.0.0.0/8 port 31\n', { portMask: 0x8000_0000 })).toEqual([]);
    expect(problems('rt ipv4 dst 10.0.0.0/8 port 31\n', { portMask: 0x7fff_ffff })).toEqual(['1 WARN_ROUTE_PORT']);
  });
});

describe('an SA that no policy names', () => {
  it('is never used outbound', () => {
    expect(problems(`sa out 5 ${gcm(1)} ${TUNNEL}\n`)).toEqual(['1 WARN_UNUSED_SA']);
    expect(problems(`sa out 5 ${gcm(1)} ${TUNNEL}\n`, { singleSa: true })).toEqual([]);
  });

  it('works inbound as long as there are no inbound policies, or one that bypasses', () => {
    const sa = `sa in 5 ${gcm(1)} ${TUNNEL}\n`;
    expect(problems(sa)).toEqual([]);
    expect(problems(`${sa}sp ipv4 in esp discard pri 1 ${PORTS}\n`)).toEqual(['1 WARN_UNUSED_SA']);
    expect(problems(`${sa}sp ipv4 in esp bypass pri 1 ${PORTS}\n`)).toEqual([]);
    expect(problems(`${sa}sp ipv4 in esp protect 5 pri 1 ${PORTS}\n`)).toEqual([]);
  });
});

describe('one key for two SAs', () => {
  const sas = (a: string, b: string) => `sa ${a} ${TUNNEL}\nsa ${b} ${TUNNEL}\n`;
  const reused = (text: string) => problems(text).filter((problem) => problem.endsWith('WARN_KEY_REUSED'));

  it('is warned of when their nonces would come twice', () => {
    expect(reused(sas(`out 5 ${gcm(1)}`, `in 6 ${gcm(1)}`))).toEqual(['2 WARN_KEY_REUSED']);
    expect(reused(sas(`out 5 ${gcm(1)}`, `out 6 ${gcm(1)}`))).toEqual(['2 WARN_KEY_REUSED']);
    const gmac = `cipher_algo null auth_algo aes-gmac auth_key ${key(20)}`;
    expect(reused(sas(`out 5 ${gmac}`, `in 6 ${gmac}`))).toEqual(['2 WARN_KEY_REUSED']);
  });

  it('is not when key or salt differ, both are inbound, or the mode has no nonce', () => {
    expect(reused(sas(`out 5 ${gcm(1)}`, `in 6 ${gcm(2)}`))).toEqual([]);
    expect(reused(sas(`out 5 ${gcm(1)}`, `in 6 aead_algo aes-128-gcm aead_key ${key(19)}:2`))).toEqual([]);
    expect(reused(sas(`in 5 ${gcm(1)}`, `in 6 ${gcm(1)}`))).toEqual([]);
    const cbc = `cipher_algo aes-128-cbc cipher_key ${key(16)} auth_algo sha1-hmac auth_key ${key(20)}`;
    expect(reused(sas(`out 5 ${cbc}`, `in 6 ${cbc}`))).toEqual([]);
  });
});

describe('two policies of one priority', () => {
  const sa = `sa out 5 ${gcm(1)} ${TUNNEL}\n`;
  const pair = (a: string, b: string) => problems(`${sa}sp ${a}\nsp ${b}\n`);

  it('that decide differently about one packet are warned of', () => {
    expect(pair(`ipv4 out esp protect 5 pri 1 dst 10.0.0.0/8 ${PORTS}`, `ipv4 out esp bypass pri 1 ${PORTS}`)).toEqual([
      '3 WARN_SAME_PRIORITY',
    ]);
    expect(
      pair(
        `ipv4 out esp protect 5 pri 1 dst 10.64.0.0/10 ${PORTS}`,
        `ipv4 out esp discard pri 1 dst 10.96.0.0/11 ${PORTS}`,
      ),
    ).toEqual(['3 WARN_SAME_PRIORITY']);
  });

  it.each([
    ['another priority', 'ipv4 out esp bypass pri 2 sport 0:65535 dport 0:65535'],
    ['another family', 'ipv6 out esp bypass pri 1 sport 0:65535 dport 0:65535'],
    ['another direction', 'ipv4 in esp bypass pri 1 sport 0:65535 dport 0:65535'],
    ['the same decision', 'ipv4 out esp protect 5 pri 1 sport 0:65535 dport 0:65535'],
    ['other addresses', 'ipv4 out esp bypass pri 1 dst 10.128.0.0/9 sport 0:65535 dport 0:65535'],
    ['other ports', 'ipv4 out esp bypass pri 1 sport 0:65535 dport 0:79'],
    ['another protocol', 'ipv4 out esp bypass pri 1 proto 17:255 sport 0:65535 dport 0:65535'],
  ])('are not with %s', (_, second) => {
    expect(pair('ipv4 out esp protect 5 pri 1 proto 6:255 dst 10.64.0.0/10 sport 0:65535 dport 80:80', second)).toEqual(
      [],
    );
  });
});

describe('an inline SA in transport mode', () => {
  const sa = `sa out 5 ${gcm(1)} mode transport type inline-crypto-offload port_id 0\n`;

  it('takes its addresses from its policy', () => {
    const configuration = parse(`${sa}sp ipv4 out esp protect 5 pri 1 src 10.0.0.1/32 dst 10.0.0.2/32 ${PORTS}\n`);
    expect(transportAddresses(configuration, configuration.sas[0])).toEqual({
      family: 'ipv4',
      source: Uint8Array.of(10, 0, 0, 1),
      destination: Uint8Array.of(10, 0, 0, 2),
    });
    expect(findProblems(configuration).errors).toEqual([]);
  });

  it('is an error without whole addresses there', () => {
    const policies = ['', `sp ipv4 out esp protect 5 pri 1 src 10.0.0.1/32 dst 10.0.0.2/24 ${PORTS}\n`];
    for (const policy of [...policies, `sp ipv6 out esp protect 5 pri 1 src ::/128 dst ::1/128 ${PORTS}\n`]) {
      expect(problems(sa + policy)[0]).toBe('1 ERR_CONFIG_ADDRESS');
    }
    expect(messageOf(sa)).toContain('No valid address or mask entry in SP rule for SPI 5');
  });
});

it('an SA of library mode needs a policy', () => {
  expect(messageOf(`sa in 5 ${gcm(1)} ${TUNNEL}\n`, { library: true })).toContain('SPI 5 is not used by any SP rule');
});

it('problems come in the order of their lines', () => {
  const text = `rt ipv4 dst 10.0.0.0/8 port 3
sp ipv4 out esp protect 9 pri 1 ${PORTS}
sa out 5 ${gcm(1)} ${TUNNEL}
sa out 5 ${gcm(2)} ${TUNNEL}
`;
  expect(problems(text, { portMask: 1 })).toEqual([
    '2 ERR_CONFIG_UNMATCHED_SPI',
    '4 ERR_CONFIG_SPI',
    '1 WARN_ROUTE_PORT',
    '3 WARN_UNUSED_SA',
    '4 WARN_UNUSED_SA',
  ]);
});
