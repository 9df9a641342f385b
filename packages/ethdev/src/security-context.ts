/**
 * What ethdev knows of inline security: that a port may have a context for it, and that a flow rule can hand packets to
 * a session. What both are made of belongs to the security package, which lies above this one and implements them.
 */

/** The security context of a port (DPDK: `struct rte_security_ctx`, from `rte_eth_dev_get_sec_ctx`). */
export interface SecurityContext {
  /** Sessions that exist now (DPDK: `sess_cnt`). */
  readonly sessionCount: number;
}

/** A security session (DPDK: the object that `rte_security_session_create` gives). */
export interface SecuritySession {
  /** Where it lies in the memory. */
  readonly position: number;
}

/** Anything that may have a security context: a port does. */
export interface SecurityCapable {
  readonly securityContext: SecurityContext | undefined;
}

/**
 * The security context of a port, or undefined when it cannot do inline security (DPDK: `rte_eth_dev_get_sec_ctx`).
 */
export function getSecurityContext(port: SecurityCapable): SecurityContext | undefined {
  return port.securityContext;
}
