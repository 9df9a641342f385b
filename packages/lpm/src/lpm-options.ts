/** How large a route table is made; the same for both families (DPDK: `struct rte_lpm_config`). */
export interface LpmOptions {
  /** Rules that it can hold, at least 1 (DPDK: `max_rules`). */
  readonly maxRules: number;
  /**
   * Groups of 256 entries for what the first 16 bits do not decide, 1088 bytes each (DPDK: `number_tbl8s`). Default: one
   * less than `maxRules`, which is the most that so many rules can need, so that only rules run out. A group that is not
   * needed is never touched.
   */
  readonly tbl8s?: number;
}
