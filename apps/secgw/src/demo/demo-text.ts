import { comparisonLines } from './comparison.ts';
import type { DemoResult, DemoTest, DemoWay } from './demo.ts';
import { wrapText } from './wrap-text.ts';

/** What the demo shows, as text for a terminal, 100 columns wide and without colours. */
export function demoText(result: DemoResult): string {
  return [
    ...introduction(),
    ...result.tests.flatMap(testLines),
    ...wayLines(result.ways, result.waysAgree),
    '',
    result.ok ? 'All is as expected.' : 'NOT all is as expected: see the lines marked so above.',
    '',
  ].join('\n');
}

function introduction(): string[] {
  return [
    'Inline IPsec with DPDK and the Intel 82599: the tests of the article, on two modelled cards',
    '',
    '  card 0                      cable 0                       card 1',
    '  02:00.0  enp2s0f0  ────────────────────────────  06:00.0  port 0   protected',
    '  02:00.1  enp2s0f1  ────────────────────────────  06:00.1  port 1   unprotected',
    '  generator, listener         cable 1                       ipsec-secgw with inline.cfg',
  ];
}

const TITLES = {
  decryption: 'Testing ESP decryption and forwarding of the decrypted packets',
  encryption: 'Testing ESP encryption',
} as const;

const COMMANDS = {
  decryption: ['pktgen -i enp2s0f1 -s 64 -c 32 -e 1', 'tcpdump -i enp2s0f0 -vvX'],
  encryption: ['pktgen -i enp2s0f0 -s 64 -c 32 -e 0', 'tcpdump -i enp2s0f1 -vvX'],
} as const;

function testLines(test: DemoTest): string[] {
  const [generate, listen] = COMMANDS[test.name];
  const lines = ['', '', TITLES[test.name], '─'.repeat(TITLES[test.name].length), `  ${generate}      ${listen}`, ''];
  test.steps.forEach(({ step, seen, asExpected }, index) => {
    const observed = wrapText(`${asExpected ? '' : '(not as expected) '}${seen}`, 90);
    lines.push(`  ${index + 1}. ${step}`, ...observed.map((line) => `     ${line}`));
  });
  return [
    ...lines,
    '',
    `The last of ${test.packetsHeard} packets here`,
    test.dump.trimEnd(),
    'and in the article',
    test.articleDump.trimEnd(),
    '',
    'Byte by byte',
    ...comparisonLines(test.comparison),
    '',
    test.sameAsArticleWithPeculiarities
      ? "With the peculiarities of 2018 switched on, the packet here is the article's, bit for bit."
      : "With the peculiarities of 2018 switched on, the packet here is still NOT the article's.",
  ];
}

function wayLines(ways: readonly DemoWay[], agree: boolean): string[] {
  const title = 'Figure 1: the same packets by lookaside and by inline crypto';
  const lines = ['', '', title, '─'.repeat(title.length)];
  for (const direction of ['decryption', 'encryption'] as const) {
    const [lookaside, inline] = ways.filter((way) => way.direction === direction);
    const row = (name: string, a: string | number, b: string | number) =>
      `  ${name.padEnd(34)}${String(a).padStart(12)}${String(b).padStart(12)}`;
    lines.push(
      row(`${direction}, bytes of all packets`, 'lookaside', 'inline'),
      row('port → memory', lookaside.crossings.portToMemory, inline.crossings.portToMemory),
      row('memory → crypto device', lookaside.crossings.memoryToCrypto, inline.crossings.memoryToCrypto),
      row('crypto device → memory', lookaside.crossings.cryptoToMemory, inline.crossings.cryptoToMemory),
      row('memory → port', lookaside.crossings.memoryToPort, inline.crossings.memoryToPort),
      row('times each byte crosses the bus', lookaside.timesEachByteCrosses, inline.timesEachByteCrosses),
      '',
    );
  }
  lines.push(agree ? 'Both ways give the same packets.' : 'The two ways do NOT give the same packets.');
  return lines;
}
