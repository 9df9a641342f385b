/**
 * The advanced descriptors of the 82599: 16 bytes, four little-endian dwords, in rings in host memory. Offsets are bytes
 * from the beginning of a descriptor; masks and shifts are of the dword that the group names.
 *
 * Sources: the 82599 datasheet 7.1.6 (receive) and 7.2.3 (transmit) as transcribed by EbbRT and DPDK.
 */

/** Length of any descriptor in bytes. */
export const DESCRIPTOR_BYTES = 16;

// Receive, as the driver writes it.

/** u32: low half of the address of the packet buffer. */
export const RXD_ADDRESS_LO = 0;
/** u32: high half of the address of the packet buffer. */
export const RXD_ADDRESS_HI = 4;
/** u32: low half of the address of the header buffer, 0 with one buffer; its bit 0 is where DD will be. */
export const RXD_HEADER_LO = 8;
/** u32: high half of the address of the header buffer. */
export const RXD_HEADER_HI = 12;

// Receive, as the card writes it back.

/** u32: RSS type, packet type, RSC count, header length. */
export const RXD_INFO = 0;
/** u32: RSS hash, or fragment checksum and IP identification. */
export const RXD_HASH = 4;
/** u32: extended status (19:0) and extended error (31:20). */
export const RXD_STATUS = 8;
/** u16: bytes in this descriptor's buffer. */
export const RXD_LENGTH = 12;
/** u16: VLAN tag, host order. */
export const RXD_VLAN = 14;

/** Of {@link RXD_INFO}: the RSS type. */
export const RXD_INFO_RSS_TYPE = 0xf;
/** Of {@link RXD_INFO}: all packet type bits. */
export const RXD_INFO_PTYPE = 0x1_fff0;
/** Of {@link RXD_INFO}: IPv4 without options. */
export const RXD_PTYPE_IPV4 = 0x10;
/** Of {@link RXD_INFO}: IPv4 with options. */
export const RXD_PTYPE_IPV4E = 0x20;
/** Of {@link RXD_INFO}: IPv6 without extension headers. */
export const RXD_PTYPE_IPV6 = 0x40;
/** Of {@link RXD_INFO}: IPv6 with extension headers. */
export const RXD_PTYPE_IPV6E = 0x80;
/** Of {@link RXD_INFO}: TCP. */
export const RXD_PTYPE_TCP = 0x100;
/** Of {@link RXD_INFO}: UDP. */
export const RXD_PTYPE_UDP = 0x200;
/** Of {@link RXD_INFO}: SCTP. */
export const RXD_PTYPE_SCTP = 0x400;
/** Of {@link RXD_INFO}: ESP, whether an SA was found or not. */
export const RXD_PTYPE_ESP = 0x1000;
/** Of {@link RXD_INFO}: AH, whether an SA was found or not. */
export const RXD_PTYPE_AH = 0x2000;

/** Of {@link RXD_STATUS}: the card is done with this descriptor. */
export const RXD_STAT_DD = 0x1;
/** Of {@link RXD_STATUS}: the last descriptor of its packet. */
export const RXD_STAT_EOP = 0x2;
/** Of {@link RXD_STATUS}: a frame with a VLAN tag, which is in {@link RXD_VLAN}; the queue says whether it was taken off. */
export const RXD_STAT_VP = 0x8;
/** Of {@link RXD_STATUS}: the UDP checksum was looked at. */
export const RXD_STAT_UDPCS = 0x10;
/** Of {@link RXD_STATUS}: the TCP or UDP checksum was looked at. */
export const RXD_STAT_L4CS = 0x20;
/** Of {@link RXD_STATUS}: the IPv4 header checksum was looked at. */
export const RXD_STAT_IPCS = 0x40;
/** Of {@link RXD_STATUS}: the packet came in by something other than an exact unicast match. */
export const RXD_STAT_PIF = 0x80;
/** Of {@link RXD_STATUS}: the security block worked on this packet. */
export const RXD_STAT_SECP = 0x2_0000;
/** Of {@link RXD_STATUS}: looped back inside the card. */
export const RXD_STAT_LB = 0x4_0000;

/** Of {@link RXD_STATUS}: the security error code, one of the four below. */
export const RXD_SECERR = 0x1800_0000;
/** Of {@link RXD_SECERR}: not processed, or authentic. */
export const RXD_SECERR_NONE = 0;
/** Of {@link RXD_SECERR}: ESP where the SA says AH, or the other way round. */
export const RXD_SECERR_PROTOCOL = 0x0800_0000;
/** Of {@link RXD_SECERR}: cut short, too short, or not a multiple of 4 bytes. */
export const RXD_SECERR_LENGTH = 0x1000_0000;
/** Of {@link RXD_SECERR}: the ICV does not fit. */
export const RXD_SECERR_AUTHENTICATION = 0x1800_0000;
/** Of {@link RXD_STATUS}: an error of the MAC: CRC, length, symbol. */
export const RXD_ERR_RXE = 0x2000_0000;
/** Of {@link RXD_STATUS}: the TCP or UDP checksum is wrong. */
export const RXD_ERR_L4E = 0x4000_0000;
/** Of {@link RXD_STATUS}: the IPv4 header checksum is wrong. */
export const RXD_ERR_IPE = 0x8000_0000;

// RSS types, the values of RXD_INFO_RSS_TYPE: what the hash is of.

/** RSS type: IPv4 addresses and TCP ports. */
export const RSS_TYPE_TCP_IPV4 = 1;
/** RSS type: IPv4 addresses. */
export const RSS_TYPE_IPV4 = 2;
/** RSS type: IPv6 addresses and TCP ports. */
export const RSS_TYPE_TCP_IPV6 = 3;
/** RSS type: IPv6 addresses. */
export const RSS_TYPE_IPV6 = 5;
/** RSS type: IPv4 addresses and UDP ports. */
export const RSS_TYPE_UDP_IPV4 = 7;
/** RSS type: IPv6 addresses and UDP ports. */
export const RSS_TYPE_UDP_IPV6 = 8;

// Receive, legacy, as the card writes it back: the address stays.

/** u16: bytes in this descriptor's buffer. */
export const RXL_LENGTH = 8;
/** u8: status, the lowest 8 bits of {@link RXD_STATUS}. */
export const RXL_STATUS = 12;
/** u8: errors, the highest 3 bits of {@link RXD_STATUS} with RXE lowest: see the three below. */
export const RXL_ERRORS = 13;
/** u16: VLAN tag, host order. */
export const RXL_VLAN = 14;
/** Of {@link RXL_ERRORS}: an error of the MAC. */
export const RXL_ERR_RXE = 0x1;
/** Of {@link RXL_ERRORS}: the TCP or UDP checksum is wrong. */
export const RXL_ERR_L4E = 0x40;
/** Of {@link RXL_ERRORS}: the IPv4 header checksum is wrong. */
export const RXL_ERR_IPE = 0x80;

/** Values of SRRCTL's DESCTYPE, in place: legacy descriptors. */
export const SRRCTL_DESCTYPE_LEGACY = 0;
/** Values of SRRCTL's DESCTYPE, in place: one advanced descriptor, one buffer. */
export const SRRCTL_DESCTYPE_ADVANCED_ONE_BUFFER = 0x0200_0000;

// What may be hashed: the upper half of MRQC, in place.

/** Of MRQC: TCP over IPv4 by addresses and ports. */
export const MRQC_RSS_TCP_IPV4 = 0x0001_0000;
/** Of MRQC: IPv4 by addresses. */
export const MRQC_RSS_IPV4 = 0x0002_0000;
/** Of MRQC: TCP behind extension headers of IPv6. The parser does not walk them, so this and the other two do nothing more. */
export const MRQC_RSS_TCP_IPV6_EX = 0x0004_0000;
/** Of MRQC: IPv6 with extension headers. */
export const MRQC_RSS_IPV6_EX = 0x0008_0000;
/** Of MRQC: IPv6 by addresses. */
export const MRQC_RSS_IPV6 = 0x0010_0000;
/** Of MRQC: TCP over IPv6 by addresses and ports. */
export const MRQC_RSS_TCP_IPV6 = 0x0020_0000;
/** Of MRQC: UDP over IPv4 by addresses and ports. */
export const MRQC_RSS_UDP_IPV4 = 0x0040_0000;
/** Of MRQC: UDP over IPv6 by addresses and ports. */
export const MRQC_RSS_UDP_IPV6 = 0x0080_0000;
/** Of MRQC: UDP behind extension headers of IPv6. */
export const MRQC_RSS_UDP_IPV6_EX = 0x0100_0000;

// Transmit, data (DTYP 3).

/** u32: low half of the address of the buffer. */
export const TXD_ADDRESS_LO = 0;
/** u32: high half of the address of the buffer. */
export const TXD_ADDRESS_HI = 4;
/** u32: length of the buffer and command bits. */
export const TXD_COMMAND = 8;
/** u32: status, context index, packet options, payload length. */
export const TXD_OPTIONS = 12;

/** Of {@link TXD_COMMAND}: bytes in the buffer (DTALEN). */
export const TXD_DTALEN = 0xffff;
/** Of {@link TXD_COMMAND}: the descriptor type. */
export const TXD_DTYP = 0x00f0_0000;
/** Of {@link TXD_DTYP}: a context descriptor. */
export const TXD_DTYP_CONTEXT = 0x0020_0000;
/** Of {@link TXD_DTYP}: a data descriptor. */
export const TXD_DTYP_DATA = 0x0030_0000;
/** Of {@link TXD_COMMAND}: the last descriptor of its packet. */
export const TXD_EOP = 0x0100_0000;
/** Of {@link TXD_COMMAND}: insert the frame check sequence. */
export const TXD_IFCS = 0x0200_0000;
/** Of {@link TXD_COMMAND}: report when done. */
export const TXD_RS = 0x0800_0000;
/** Of {@link TXD_COMMAND}: an advanced descriptor. */
export const TXD_DEXT = 0x2000_0000;
/** Of {@link TXD_COMMAND}: insert the context's VLAN tag. */
export const TXD_VLE = 0x4000_0000;
/** Of {@link TXD_COMMAND}: segment this packet (TSO). */
export const TXD_TSE = 0x8000_0000;

/** {@link TXD_COMMAND} of a packet in one data descriptor that asks for nothing, without its length. */
export const TXD_WHOLE: number = TXD_DTYP_DATA | TXD_DEXT | TXD_EOP | TXD_IFCS;
/** Of {@link TXD_OPTIONS}, written back: done. */
export const TXD_STAT_DD = 0x1;
/** Of {@link TXD_OPTIONS}: lowest bit of the context's index, 0 or 1. */
export const TXD_IDX_SHIFT = 4;
/** Of {@link TXD_OPTIONS}: check context. */
export const TXD_CC = 0x80;
/** Of {@link TXD_OPTIONS}: insert the IPv4 header checksum. The field's old value is part of the sum: it must be 0. */
export const TXD_POPTS_IXSM = 0x100;
/** Of {@link TXD_OPTIONS}: insert the TCP, UDP or SCTP checksum. The field holds the pseudo header's sum. */
export const TXD_POPTS_TXSM = 0x200;
/** Of {@link TXD_OPTIONS}: encrypt or authenticate by the context's SA. */
export const TXD_POPTS_IPSEC = 0x400;
/**
 * Of {@link TXD_OPTIONS}: lowest bit of PAYLEN, 18 bits: the bytes of the whole packet as fetched, without FCS; with
 * {@link TXD_TSE} those behind the layer 4 header.
 */
export const TXD_PAYLEN_SHIFT = 14;

// Transmit, legacy (DEXT 0): the address, the length, EOP, IFCS, RS and VLE are where a data descriptor has them.

/** Of a legacy {@link TXD_COMMAND}: lowest bit of CSO, the byte of the packet where the checksum goes; 8 bits. */
export const TXL_CSO_SHIFT = 16;
/** Of a legacy {@link TXD_COMMAND}: insert a checksum. */
export const TXL_IC = 0x0400_0000;
/** Of a legacy {@link TXD_OPTIONS}: lowest bit of CSS, the byte of the packet where the summing begins; 8 bits. */
export const TXL_CSS_SHIFT = 8;
/** Of a legacy {@link TXD_OPTIONS}: lowest bit of the VLAN tag. */
export const TXL_VLAN_SHIFT = 16;

// Transmit, context (DTYP 2).

/** u32: IPLEN, MACLEN, VLAN. */
export const TXC_LENGTHS = 0;
/** u32: SA index. */
export const TXC_SA = 4;
/** u32: ESP_LEN, TUCMD, DTYP, DEXT. */
export const TXC_COMMAND = 8;
/** u32: IDX, L4LEN, MSS. */
export const TXC_INDEX = 12;

/** Of {@link TXC_LENGTHS}: bytes of IP header, and of ESP header and IV too where there is L4 work. */
export const TXC_IPLEN = 0x1ff;
/** Of {@link TXC_LENGTHS}: lowest bit of MACLEN, 7 bits. */
export const TXC_MACLEN_SHIFT = 9;
/** Of {@link TXC_LENGTHS}: lowest bit of the VLAN tag. */
export const TXC_VLAN_SHIFT = 16;
/** Of {@link TXC_SA}: the index into the transmit SA table. */
export const TXC_SA_INDEX = 0x3ff;
/** Of {@link TXC_COMMAND}: bytes of ESP padding, pad length, next header and ICV, for the L4 checksum's end. */
export const TXC_ESP_LEN = 0x1ff;
/** Of {@link TXC_COMMAND}: the frame has a SNAP header. */
export const TXC_SNAP = 0x200;
/** Of {@link TXC_COMMAND}: IPv4; without it IPv6. */
export const TXC_IPV4 = 0x400;
/** Of {@link TXC_COMMAND}: the layer 4 type. */
export const TXC_L4T = 0x1800;
/** Of {@link TXC_L4T}: UDP. */
export const TXC_L4T_UDP = 0;
/** Of {@link TXC_L4T}: TCP. */
export const TXC_L4T_TCP = 0x800;
/** Of {@link TXC_L4T}: SCTP. */
export const TXC_L4T_SCTP = 0x1000;
/** Of {@link TXC_L4T}: none. */
export const TXC_L4T_RESERVED = 0x1800;
/** Of {@link TXC_COMMAND}: ESP; without it AH. */
export const TXC_IPSEC_TYPE_ESP = 0x2000;
/** Of {@link TXC_COMMAND}: encrypt (GCM); without it authenticate only (GMAC). */
export const TXC_IPSEC_ENCRYPT = 0x4000;
/** Of {@link TXC_INDEX}: lowest bit of IDX, which of the queue's two contexts is written. */
export const TXC_IDX_SHIFT = 4;
/** Of {@link TXC_INDEX}: lowest bit of L4LEN, 8 bits. */
export const TXC_L4LEN_SHIFT = 8;
/** Of {@link TXC_INDEX}: lowest bit of MSS. */
export const TXC_MSS_SHIFT = 16;
/** Contexts that a transmit queue keeps. */
export const TX_CONTEXTS = 2;

// The security block's commands and modes, as values.

/** IPSRXIDX TABLE, in place: the IP address table. */
export const IPSRX_TABLE_IP = 0x2;
/** IPSRXIDX TABLE, in place: the SPI table. */
export const IPSRX_TABLE_SPI = 0x4;
/** IPSRXIDX TABLE, in place: the key table. */
export const IPSRX_TABLE_KEY = 0x6;
/** Entries of the receive IP address table. */
export const IPSRX_IP_ENTRIES = 128;
/** Entries of the receive SPI and key tables: the same index is the same SA. */
export const IPSRX_SA_ENTRIES = 1024;
/** Entries of the transmit SA table. */
export const IPSTX_SA_ENTRIES = 1024;
/** SECTXBUFFAF's FULLTHRESH for IPsec. */
export const SECTXBUFFAF_IPSEC = 0x15;
/** SECTXMINIFG's MINSECIFG for IPsec. */
export const SECTXMINIFG_IPSEC = 3;
/** LINKS SPEED, in place: 10 Gb/s. */
export const LINKS_SPEED_10G = 0x3000_0000;
/** LINKS SPEED, in place: 1 Gb/s. */
export const LINKS_SPEED_1G = 0x2000_0000;
/** LINKS SPEED, in place: 100 Mb/s. */
export const LINKS_SPEED_100M = 0x1000_0000;
