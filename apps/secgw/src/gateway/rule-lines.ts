import { formatIpv4 } from '@inline-ipsec/net/ipv4';
import { formatIpv6 } from '@inline-ipsec/net/ipv6';
import { algorithmOf } from '../configuration/algorithms.ts';
import type { Prefix, SaRule, SpRule } from '../configuration/rules.ts';

/** How rules are listed at start, in the manner of DPDK's gateway (`print_one_sa_rule`, `print_one_ip4_rule`). Never a key. */

/** An address of either family as text. */
export function addressText(address: Uint8Array): string {
  if (address.length === 16) return formatIpv6(address);
  return formatIpv4(new DataView(address.buffer, address.byteOffset, 4).getUint32(0));
}

/** One SA: `spi_out(1005):aes-128-gcm mode:IP4Tunnel 172.16.1.5 172.16.2.5 type:inline-crypto-offload`. */
export function saLine(rule: SaRule): string {
  const mode =
    rule.mode === 'transport'
      ? 'Transport'
      : `${rule.mode === 'ipv4-tunnel' ? 'IP4Tunnel' : 'IP6Tunnel'} ${addressText(rule.source)} ${addressText(rule.destination)}`;
  const port = rule.port === undefined ? '' : ` port:${rule.port}`;
  return `\tspi_${rule.direction}(${rule.spi}):${algorithmOf(rule)} mode:${mode} type:${rule.type}${port}`;
}

/** One policy, its selectors first and its action last. */
export function spLine(rule: SpRule): string {
  const ports = ({ low, high }: { low: number; high: number }) => `${low}:${high}`;
  const { value, mask } = rule.protocol;
  const action = rule.action === 'protect' ? `protect ${rule.spi}` : rule.action;
  return (
    `\t${prefixText(rule.source)} ${prefixText(rule.destination)} ${ports(rule.sourcePorts)} ` +
    `${ports(rule.destinationPorts)} 0x${hex(value)}/0x${hex(mask)} pri ${rule.priority} ${action}`
  );
}

function prefixText({ address, length }: Prefix): string {
  return `${addressText(address)}/${length}`;
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}
