import type { Acl4Rule, Acl6Rule } from '@inline-ipsec/acl/acl-rule';
import { AclTable } from '@inline-ipsec/acl/acl-table';
import type { Memory } from '@inline-ipsec/eal/memory';
import type { Direction, Family, GatewayConfiguration, Prefix, SpRule } from '../configuration/rules.ts';
import { POLICY_BYPASS, POLICY_DISCARD } from '../datapath/policy.ts';

/** What a policy's SPI stands for: the position of the SA of that direction. */
export type SaPositions = ReadonlyMap<number, number>;

/**
 * Builds the table of one direction and family from the file's `sp` lines; undefined when it has none, which lets
 * everything pass.
 *
 * @throws SetupError as `AclTable.build` does
 */
export function buildPolicies(
  memory: Memory,
  configuration: GatewayConfiguration,
  family: Family,
  direction: Direction,
  sas: SaPositions,
): AclTable | undefined {
  const rules = configuration.sps.filter((rule) => rule.family === family && rule.direction === direction);
  if (rules.length === 0) return undefined;
  const name = `SP_${family}_${direction}`;
  if (family === 'ipv6') {
    const rules6 = rules.map((rule): Acl6Rule => ({ ...matchOf(rule, (address) => address), ...outcomeOf(rule, sas) }));
    return AclTable.build(memory, name, rules6, { family: 6 });
  }
  const rules4 = rules.map((rule): Acl4Rule => ({ ...matchOf(rule, addressWord), ...outcomeOf(rule, sas) }));
  return AclTable.build(memory, name, rules4, { family: 4 });
}

function outcomeOf(rule: SpRule, sas: SaPositions): { priority: number; userdata: number } {
  return { priority: rule.priority, userdata: verdictOf(rule, sas) };
}

function matchOf<Address>(rule: SpRule, toAddress: (bytes: Uint8Array) => Address) {
  const prefix = ({ address, length }: Prefix) => ({ address: toAddress(address), depth: length });
  return {
    proto: rule.protocol,
    src: prefix(rule.source),
    dst: prefix(rule.destination),
    sport: rule.sourcePorts,
    dport: rule.destinationPorts,
  };
}

function addressWord(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
}

function verdictOf(rule: SpRule, sas: SaPositions): number {
  if (rule.action === 'bypass') return POLICY_BYPASS;
  // The configuration was checked: each protect has its SA.
  return rule.action === 'discard' ? POLICY_DISCARD : (sas.get(rule.spi) ?? POLICY_DISCARD);
}
