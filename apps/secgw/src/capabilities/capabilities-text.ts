import type { EngineCapability, LengthRange } from '@inline-ipsec/cryptodev/engine';
import type { DescriptorLimits } from '@inline-ipsec/ethdev/driver';
import type { PortCapabilities } from './port-capabilities.ts';

const INDENT = '  ';
const LINE = 110;

/** What ports can do, as tables: one of two columns for each port, and one of what it can offload. */
export function capabilitiesText(ports: readonly PortCapabilities[]): string {
  return ports.map(portText).join('\n');
}

function portText(port: PortCapabilities): string {
  const rows: [what: string, value: string][] = [
    ['driver', port.driver],
    ['address', `${port.macAddress}${port.macAddresses > 1 ? `, of at most ${port.macAddresses}` : ''}`],
    ['frames for others', port.filtersAddresses ? 'only when promiscuous' : 'always'],
    ['queues', `rx ${port.rxQueues}, tx ${port.txQueues}`],
    ['descriptors of a queue', `rx ${countText(port.rxDescriptors)}; tx ${countText(port.txDescriptors)}`],
    ['MTU', mtuText(port)],
    ['longest frame', `${port.maxFrameBytes} bytes with FCS`],
    ['smallest rx buffer', `${port.minRxBufferBytes} bytes and headroom`],
    ['rx offloads', listText(port.rxOffloads)],
    ['tx offloads', listText(port.txOffloads)],
    ['packet types', listText(port.packetTypes, ', ')],
    ['flow rules', port.flowRules ? `yes${port.keepsFlowRules ? ', kept over a stop' : ''}` : 'none'],
    ...saRows(port),
  ];
  const lines = [`port ${port.port}: ${port.name}`, ...columns(rows)];
  if (port.security !== undefined) lines.push('', ...securityLines(port.security.capabilities));
  return `${lines.join('\n')}\n`;
}

/** Which SAs of a configuration file it can serve. */
function saRows({ inlineSas, security }: PortCapabilities): [string, string][] {
  if (inlineSas === undefined) return [['inline SAs', 'none: type no-offload']];
  const { type, directions, modes, algorithms } = inlineSas;
  const { egressSessions, ingressSessions, ingressAddresses } = security?.limits ?? {};
  const most = [
    egressSessions === undefined ? '' : `${egressSessions} out`,
    ingressSessions === undefined ? '' : `${ingressSessions} in`,
    ingressAddresses === undefined ? '' : `in for ${ingressAddresses} addresses`,
  ].filter((part) => part !== '');
  return [
    ['inline SAs', `type ${type}, ${directions.join(' and ')}; all else: type no-offload`],
    ['at most', most.length === 0 ? 'no limit' : most.join(', ')],
    ['modes', modes.join(', ')],
    ['algorithms', algorithms.join('; ')],
  ];
}

function mtuText({ minMtu, maxMtu, maxFrameBytes, security }: PortCapabilities): string {
  const secure = security?.limits.maxFrameBytes;
  const whole = `${minMtu} to ${maxMtu}`;
  return secure === undefined ? whole : `${whole}; with inline SAs out, to ${secure - (maxFrameBytes - maxMtu)}`;
}

function countText({ min, max, align }: DescriptorLimits): string {
  return `${min} to ${max}${align > 1 ? ` by ${align}` : ''}`;
}

function listText(words: readonly string[], between = ' '): string {
  return words.length === 0 ? 'none' : words.join(between);
}

/** Two columns; what is too long for its line goes on below. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([what]) => what.length));
  return rows.flatMap(([what, value]) =>
    wrapped(value, LINE - width - 4).map((part, i) => `${INDENT}${(i === 0 ? what : '').padEnd(width)}  ${part}`),
  );
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

type SecurityRows = NonNullable<PortCapabilities['security']>['capabilities'];

function securityLines(capabilities: SecurityRows): string[] {
  const head = ['action', 'protocol', 'mode', 'direction', 'algorithms (bytes)', 'options', 'window', 'flags'];
  const table = [
    head,
    ...capabilities.map(({ action, proto, protocol, mode, direction, algorithms, options, replayWindow, flags }) => [
      action,
      proto === '' ? protocol : proto,
      mode,
      direction,
      algorithms.map(algorithmText).join('; '),
      listText(options),
      replayWindow === 0 ? 'none' : String(replayWindow),
      listText(flags, ', '),
    ]),
  ];
  const widths = head.map((_, column) => Math.max(...table.map((row) => row[column].length)));
  return table.map((row) => `${INDENT}${row.map((cell, i) => cell.padEnd(widths[i])).join('  ')}`.trimEnd());
}

function algorithmText(capability: EngineCapability): string {
  const lengths = [`key ${rangeText(capability.key)}`];
  if ('iv' in capability) lengths.push(`iv ${rangeText(capability.iv)}`);
  if ('tag' in capability) lengths.push(`tag ${rangeText(capability.tag)}`);
  return `${capability.algorithm} (${lengths.join(', ')})`;
}

function rangeText({ min, max, step }: LengthRange): string {
  if (min === max) return String(min);
  return step > 1 ? `${min} to ${max} by ${step}` : `${min} to ${max}`;
}
