/**
 * The rules of a policy table: what they say, and what is wrong with them (DPDK: `struct rte_acl_rule` over the five
 * fields that ipsec-secgw looks at).
 */
import { SetupError } from '@inline-ipsec/eal/errors';

/** The largest priority (DPDK: `RTE_ACL_MAX_PRIORITY`). */
export const ACL_MAX_PRIORITY = 0x1fff_ffff;

/** The smallest priority (DPDK: `RTE_ACL_MIN_PRIORITY`). */
export const ACL_MIN_PRIORITY = 1;

/** Bits of a byte (DPDK: a field of type `BITMASK`). */
export interface AclBits {
  readonly value: number;
  /** The bits that must be as in `value`: 255 for all, 0 for any protocol. */
  readonly mask: number;
}

/** From `low` to `high`, both included, in host order (DPDK: a field of type `RANGE`). */
export interface AclRange {
  readonly low: number;
  readonly high: number;
}

/** The first `depth` bits of an address (DPDK: a field of type `MASK`). */
export interface AclPrefix<Address> {
  readonly address: Address;
  /** 0 for any address. */
  readonly depth: number;
}

/** A rule. A field that is left out matches anything. */
export interface AclRule<Address> {
  /** {@link ACL_MIN_PRIORITY} to {@link ACL_MAX_PRIORITY}; the highest wins, of equal ones the rule given first. */
  readonly priority: number;
  /** What a packet gets that the rule matches: 1 to 0xffffffff. */
  readonly userdata: number;
  /** IPv4's protocol, or the next header of the fixed IPv6 header. */
  readonly proto?: AclBits | undefined;
  readonly src?: AclPrefix<Address> | undefined;
  readonly dst?: AclPrefix<Address> | undefined;
  /** The first two bytes behind the fixed header, whatever the protocol. */
  readonly sport?: AclRange | undefined;
  /** The next two bytes. */
  readonly dport?: AclRange | undefined;
}

/** A rule for IPv4: addresses are u32 in host order. */
export type Acl4Rule = AclRule<number>;

/** A rule for IPv6: addresses are 16 bytes in network order. */
export type Acl6Rule = AclRule<Uint8Array>;

/**
 * Looks at rules before anything is made of them.
 *
 * @throws SetupError `ERR_ACL_PRIORITY`, `ERR_ACL_USERDATA`, `ERR_ACL_PROTO`, `ERR_ACL_DEPTH`, `ERR_ACL_ADDRESS` or
 * `ERR_ACL_PORTS` (EINVAL all), with the index of the rule in its message
 */
export function checkAclRules(rules: readonly (Acl4Rule | Acl6Rule)[], family: 4 | 6): void {
  rules.forEach((rule, index) => {
    const { priority, userdata, proto, src, dst, sport, dport } = rule;
    if (!within(priority, ACL_MIN_PRIORITY, ACL_MAX_PRIORITY)) {
      const expected = `${ACL_MIN_PRIORITY} to ${ACL_MAX_PRIORITY}`;
      throw bad(index, 'ERR_ACL_PRIORITY', 'cannot have this priority', expected, String(priority));
    }
    if (!within(userdata, 1, 0xffff_ffff)) {
      const expected = '1 to 4294967295, since 0 stands for no match';
      throw bad(index, 'ERR_ACL_USERDATA', 'cannot have this userdata', expected, String(userdata));
    }
    if (proto !== undefined && !(within(proto.value, 0, 255) && within(proto.mask, 0, 255))) {
      const got = `${proto.value}:${proto.mask}`;
      throw bad(index, 'ERR_ACL_PROTO', 'cannot match this protocol', 'value and mask from 0 to 255', got);
    }
    checkPrefix(index, 'src', src, family);
    checkPrefix(index, 'dst', dst, family);
    checkPorts(index, 'sport', sport);
    checkPorts(index, 'dport', dport);
  });
}

function checkPrefix(index: number, field: string, prefix: AclPrefix<unknown> | undefined, family: 4 | 6): void {
  if (prefix === undefined) return;
  const bits = family === 4 ? 32 : 128;
  if (!within(prefix.depth, 0, bits)) {
    const expected = `0 to ${bits} bits`;
    throw bad(index, 'ERR_ACL_DEPTH', `cannot have a ${field} prefix of this length`, expected, String(prefix.depth));
  }
  const { address } = prefix;
  if (family === 4 ? within(address, 0, 0xffff_ffff) : address instanceof Uint8Array && address.length === 16) return;
  const expected = family === 4 ? 'a whole number from 0 to 0xffffffff' : '16 bytes in network order';
  throw bad(index, 'ERR_ACL_ADDRESS', `has no IPv${family} address as ${field}`, expected, String(address));
}

function checkPorts(index: number, field: string, range: AclRange | undefined): void {
  if (range === undefined) return;
  const { low, high } = range;
  if (within(low, 0, 0xffff) && within(high, 0, 0xffff) && low <= high) return;
  throw bad(index, 'ERR_ACL_PORTS', `cannot match this ${field}`, 'low <= high, both 0 to 65535', `${low}:${high}`);
}

function within(value: unknown, low: number, high: number): boolean {
  return Number.isInteger(value) && (value as number) >= low && (value as number) <= high;
}

function bad(index: number, code: `ERR_ACL_${string}`, what: string, expected: string, got: string): SetupError {
  return new SetupError({ code, errno: 'EINVAL', message: `policy rule ${index} ${what}`, expected, got });
}
