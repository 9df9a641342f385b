/**
 * A policy table: what is to be done with a packet, by protocol, addresses and ports (DPDK: `rte_acl` with the five fields
 * of ipsec-secgw and one category).
 *
 * It is built once, from all its rules, and never edited: to change it, build another one and let the readers take that.
 * What a look-up costs hardly depends on the number of rules, and not at all on which flows came before.
 *
 * What this does not do: other fields, several categories, IPv6 extension headers.
 */
import { SetupError } from '@inline-ipsec/eal/errors';
import { alignUp, CACHE_LINE_BYTES, type Memory, type Memzone } from '@inline-ipsec/eal/memory';
import { FAMILY, MAGIC, MAGIC_VALUE, RULES, TABLE_BYTES } from './_layout.ts';
import { makeRuleSet } from './_rule-set.ts';
import { layOut, recordWords } from './_table-image.ts';
import { buildTree } from './_tree.ts';
import { type Acl4Rule, type Acl6Rule, checkAclRules } from './acl-rule.ts';
import { type Classify, classifier4, classifier6 } from './classify.ts';

export type { Acl4Rule, Acl6Rule, AclBits, AclPrefix, AclRange, AclRule } from './acl-rule.ts';

/** How a table is built (DPDK: `struct rte_acl_config`). */
export interface AclOptions<Family extends 4 | 6 = 4 | 6> {
  readonly family: Family;
  /**
   * What the search tree may take, about, in bytes (DPDK: `max_size`, which makes the build fail). What does not fit is
   * searched rule by rule. Default: 64 KiB and 512 bytes a rule. Most sets of rules need a tenth of it.
   */
  readonly maxBytes?: number;
}

/** A table of either family, somewhere in the memory. */
export class AclTable {
  readonly memory: Memory;
  /** Where the table lies: what `aclClassify4` and `aclClassify6` take, and what a flip publishes. */
  readonly position: number;
  readonly family: 4 | 6;
  readonly #classify: Classify;

  private constructor(memory: Memory, position: number) {
    this.memory = memory;
    this.position = position;
    this.family = memory.u32[(position + FAMILY) >> 2] === 4 ? 4 : 6;
    this.#classify = this.family === 4 ? classifier4(memory) : classifier6(memory);
  }

  /**
   * Builds a table in a memzone `ACL_` + name (DPDK: `rte_acl_create`, `rte_acl_add_rules` and `rte_acl_build`).
   *
   * @param rules in any order, none or more; of rules of equal priority the first one given wins
   * @throws SetupError `ERR_ACL_PRIORITY`, `ERR_ACL_USERDATA`, `ERR_ACL_PROTO`, `ERR_ACL_DEPTH`, `ERR_ACL_ADDRESS` or
   * `ERR_ACL_PORTS` (EINVAL) with the index of the rule; `ERR_ACL_EXISTS` (EEXIST), `ERR_MEMZONE_NAME` (EINVAL,
   * ENAMETOOLONG), `ERR_MEMORY_FULL` (ENOMEM)
   */
  static build(memory: Memory, name: string, rules: readonly Acl4Rule[], options: AclOptions<4>): AclTable;
  static build(memory: Memory, name: string, rules: readonly Acl6Rule[], options: AclOptions<6>): AclTable;
  static build(
    memory: Memory,
    name: string,
    rules: readonly (Acl4Rule | Acl6Rule)[],
    { family, maxBytes = 0x1_0000 + 512 * rules.length }: AclOptions,
  ): AclTable {
    checkAclRules(rules, family);
    // An empty name is for the memory to refuse.
    const zoneName = name === '' ? '' : `ACL_${name}`;
    if (memory.lookup(zoneName) !== undefined) {
      throw new SetupError({
        code: 'ERR_ACL_EXISTS',
        errno: 'EEXIST',
        message: `policy table ${name} exists already`,
        remedy: 'find it, or choose another name',
      });
    }
    const set = makeRuleSet(rules, family);
    const tree = buildTree(set, 4 * recordWords(family), maxBytes);
    const { bytes, write } = layOut(set, tree);
    const { position } = memory.reserve(zoneName, alignUp(bytes, CACHE_LINE_BYTES));
    write(memory, position);
    return new AclTable(memory, position);
  }

  /** The table of that name, from any thread, or undefined (DPDK: `rte_acl_find_existing`). */
  static findExisting(memory: Memory, name: string): AclTable | undefined {
    const zone = memory.lookup(`ACL_${name}`);
    return zone === undefined ? undefined : AclTable.at(memory, zone.position);
  }

  /**
   * The table at a position.
   *
   * @throws SetupError `ERR_ACL_FOREIGN` (EINVAL) when there is none
   */
  static at(memory: Memory, position: number): AclTable {
    zoneAt(memory, position);
    return new AclTable(memory, position);
  }

  /** Gives the memory back; the table must not be used any more (DPDK: `rte_acl_free`). */
  free(): void {
    this.memory.free(zoneAt(this.memory, this.position));
  }

  /** How many rules it was built from. */
  get ruleCount(): number {
    return this.memory.u32[(this.position + RULES) >> 2];
  }

  /** What it takes in the memory, in bytes. */
  get bytes(): number {
    return this.memory.u32[(this.position + TABLE_BYTES) >> 2];
  }

  /**
   * `aclClassify4` or `aclClassify6` in this table, by its family.
   *
   * @param headers positions of IP headers
   * @param n how many
   * @param results the userdata of the best rule that matches each is written here, 0 where none does
   * @returns how many were matched
   */
  classify(headers: Uint32Array, n: number, results: Uint32Array): number {
    return this.#classify(this.position, headers, n, results);
  }
}

function zoneAt(memory: Memory, position: number): Memzone {
  const zone = memory.memzones().find((one) => one.position === position);
  if (zone !== undefined && memory.u32[(position + MAGIC) >> 2] === MAGIC_VALUE) return zone;
  throw new SetupError({
    code: 'ERR_ACL_FOREIGN',
    errno: 'EINVAL',
    message: 'there is no policy table here',
    got: `position ${position}`,
  });
}
