/**
 * The fields of the 82599's registers as unsigned masks, named `REGISTER_FIELD`; a field of several bits has a `_SHIFT`
 * as well. They are the table of `register-table.ts` written out; a test holds the two together, and writes this file
 * when it is run with `-u`.
 */

/** CTRL, bit 2. */
export const CTRL_GIO_DIS = 0x4;
/** CTRL, bit 3, clears itself. */
export const CTRL_LRST = 0x8;
/** CTRL, bit 26, clears itself. */
export const CTRL_RST = 0x0400_0000;
/** STATUS, bits 3:2. */
export const STATUS_LAN_ID = 0xc;
/** The lowest bit of {@link STATUS_LAN_ID}. */
export const STATUS_LAN_ID_SHIFT = 2;
/** STATUS, bit 19. */
export const STATUS_GIO_MASTER_EN = 0x0008_0000;
/** CTRL_EXT, bit 14. */
export const CTRL_EXT_PFRSTD = 0x4000;
/** CTRL_EXT, bit 16. */
export const CTRL_EXT_NS_DIS = 0x0001_0000;
/** CTRL_EXT, bit 17. */
export const CTRL_EXT_RO_DIS = 0x0002_0000;
/** CTRL_EXT, bit 28. */
export const CTRL_EXT_DRV_LOAD = 0x1000_0000;
/** EEC, bit 8, read only. */
export const EEC_PRES = 0x100;
/** EEC, bit 9, read only. */
export const EEC_ARD = 0x200;
/** EEC, bits 14:11, read only. */
export const EEC_SIZE = 0x7800;
/** The lowest bit of {@link EEC_SIZE}. */
export const EEC_SIZE_SHIFT = 11;
/** EERD, bit 0, clears itself. */
export const EERD_START = 0x1;
/** EERD, bit 1, read only. */
export const EERD_DONE = 0x2;
/** EERD, bits 15:2. */
export const EERD_ADDR = 0xfffc;
/** The lowest bit of {@link EERD_ADDR}. */
export const EERD_ADDR_SHIFT = 2;
/** EERD, bits 31:16. */
export const EERD_DATA = 0xffff_0000;
/** The lowest bit of {@link EERD_DATA}. */
export const EERD_DATA_SHIFT = 16;
/** SWSM, bit 0, set by reading. */
export const SWSM_SMBI = 0x1;
/** SWSM, bit 1. */
export const SWSM_SWESMBI = 0x2;
/** FWSM, bits 3:1, read only. */
export const FWSM_MODE = 0xe;
/** The lowest bit of {@link FWSM_MODE}. */
export const FWSM_MODE_SHIFT = 1;
/** FWSM, bit 15, read only. */
export const FWSM_FW_VALID = 0x8000;
/** SW_FW_SYNC, bits 4:0. */
export const SW_FW_SYNC_SW = 0x1f;
/** The lowest bit of {@link SW_FW_SYNC_SW}. */
export const SW_FW_SYNC_SW_SHIFT = 0;
/** SW_FW_SYNC, bits 9:5. */
export const SW_FW_SYNC_FW = 0x3e0;
/** The lowest bit of {@link SW_FW_SYNC_FW}. */
export const SW_FW_SYNC_FW_SHIFT = 5;
/** SW_FW_SYNC, bit 31. */
export const SW_FW_SYNC_REGSMP = 0x8000_0000;
/** I2CCTL, bit 0, read only. */
export const I2CCTL_CLK_IN = 0x1;
/** I2CCTL, bit 1. */
export const I2CCTL_CLK_OUT = 0x2;
/** I2CCTL, bit 2, read only. */
export const I2CCTL_DATA_IN = 0x4;
/** I2CCTL, bit 3. */
export const I2CCTL_DATA_OUT = 0x8;
/** EXVET, bits 31:16. */
export const EXVET_VET_EXT = 0xffff_0000;
/** The lowest bit of {@link EXVET_VET_EXT}. */
export const EXVET_VET_EXT_SHIFT = 16;
/** FACTPS, bit 29. */
export const FACTPS_MNGCG = 0x2000_0000;
/** FACTPS, bit 30. */
export const FACTPS_LFS = 0x4000_0000;
/** GRC, bit 0, read only. */
export const GRC_MNG = 0x1;
/** GRC, bit 1. */
export const GRC_APME = 0x2;
/** EICR, bits 15:0. */
export const EICR_RTXQ = 0xffff;
/** The lowest bit of {@link EICR_RTXQ}. */
export const EICR_RTXQ_SHIFT = 0;
/** EICR, bit 16. */
export const EICR_FLOW_DIR = 0x0001_0000;
/** EICR, bit 17. */
export const EICR_RX_MISS = 0x0002_0000;
/** EICR, bit 18. */
export const EICR_PCI = 0x0004_0000;
/** EICR, bit 19. */
export const EICR_MAILBOX = 0x0008_0000;
/** EICR, bit 20. */
export const EICR_LSC = 0x0010_0000;
/** EICR, bit 21. */
export const EICR_LINKSEC = 0x0020_0000;
/** EICR, bit 22. */
export const EICR_MNG = 0x0040_0000;
/** EICR, bit 24. */
export const EICR_GPI_SDP0 = 0x0100_0000;
/** EICR, bit 25. */
export const EICR_GPI_SDP1 = 0x0200_0000;
/** EICR, bit 26. */
export const EICR_GPI_SDP2 = 0x0400_0000;
/** EICR, bit 28. */
export const EICR_ECC = 0x1000_0000;
/** EICR, bit 29. */
export const EICR_DHER = 0x2000_0000;
/** EICR, bit 30. */
export const EICR_TCP_TIMER = 0x4000_0000;
/** EICS, bits 15:0. */
export const EICS_RTXQ = 0xffff;
/** The lowest bit of {@link EICS_RTXQ}. */
export const EICS_RTXQ_SHIFT = 0;
/** EICS, bit 16. */
export const EICS_FLOW_DIR = 0x0001_0000;
/** EICS, bit 17. */
export const EICS_RX_MISS = 0x0002_0000;
/** EICS, bit 18. */
export const EICS_PCI = 0x0004_0000;
/** EICS, bit 19. */
export const EICS_MAILBOX = 0x0008_0000;
/** EICS, bit 20. */
export const EICS_LSC = 0x0010_0000;
/** EICS, bit 21. */
export const EICS_LINKSEC = 0x0020_0000;
/** EICS, bit 22. */
export const EICS_MNG = 0x0040_0000;
/** EICS, bit 24. */
export const EICS_GPI_SDP0 = 0x0100_0000;
/** EICS, bit 25. */
export const EICS_GPI_SDP1 = 0x0200_0000;
/** EICS, bit 26. */
export const EICS_GPI_SDP2 = 0x0400_0000;
/** EICS, bit 28. */
export const EICS_ECC = 0x1000_0000;
/** EICS, bit 29. */
export const EICS_DHER = 0x2000_0000;
/** EICS, bit 30. */
export const EICS_TCP_TIMER = 0x4000_0000;
/** EIAC, bits 15:0. */
export const EIAC_RTXQ = 0xffff;
/** The lowest bit of {@link EIAC_RTXQ}. */
export const EIAC_RTXQ_SHIFT = 0;
/** EITR, bits 11:3. */
export const EITR_INTERVAL = 0xff8;
/** The lowest bit of {@link EITR_INTERVAL}. */
export const EITR_INTERVAL_SHIFT = 3;
/** EITR, bit 31. */
export const EITR_CNT_WDIS = 0x8000_0000;
/** EIMS, bits 15:0. */
export const EIMS_RTXQ = 0xffff;
/** The lowest bit of {@link EIMS_RTXQ}. */
export const EIMS_RTXQ_SHIFT = 0;
/** EIMS, bit 16. */
export const EIMS_FLOW_DIR = 0x0001_0000;
/** EIMS, bit 17. */
export const EIMS_RX_MISS = 0x0002_0000;
/** EIMS, bit 18. */
export const EIMS_PCI = 0x0004_0000;
/** EIMS, bit 19. */
export const EIMS_MAILBOX = 0x0008_0000;
/** EIMS, bit 20. */
export const EIMS_LSC = 0x0010_0000;
/** EIMS, bit 21. */
export const EIMS_LINKSEC = 0x0020_0000;
/** EIMS, bit 22. */
export const EIMS_MNG = 0x0040_0000;
/** EIMS, bit 24. */
export const EIMS_GPI_SDP0 = 0x0100_0000;
/** EIMS, bit 25. */
export const EIMS_GPI_SDP1 = 0x0200_0000;
/** EIMS, bit 26. */
export const EIMS_GPI_SDP2 = 0x0400_0000;
/** EIMS, bit 28. */
export const EIMS_ECC = 0x1000_0000;
/** EIMS, bit 29. */
export const EIMS_DHER = 0x2000_0000;
/** EIMS, bit 30. */
export const EIMS_TCP_TIMER = 0x4000_0000;
/** EIMC, bits 15:0. */
export const EIMC_RTXQ = 0xffff;
/** The lowest bit of {@link EIMC_RTXQ}. */
export const EIMC_RTXQ_SHIFT = 0;
/** EIMC, bit 16. */
export const EIMC_FLOW_DIR = 0x0001_0000;
/** EIMC, bit 17. */
export const EIMC_RX_MISS = 0x0002_0000;
/** EIMC, bit 18. */
export const EIMC_PCI = 0x0004_0000;
/** EIMC, bit 19. */
export const EIMC_MAILBOX = 0x0008_0000;
/** EIMC, bit 20. */
export const EIMC_LSC = 0x0010_0000;
/** EIMC, bit 21. */
export const EIMC_LINKSEC = 0x0020_0000;
/** EIMC, bit 22. */
export const EIMC_MNG = 0x0040_0000;
/** EIMC, bit 24. */
export const EIMC_GPI_SDP0 = 0x0100_0000;
/** EIMC, bit 25. */
export const EIMC_GPI_SDP1 = 0x0200_0000;
/** EIMC, bit 26. */
export const EIMC_GPI_SDP2 = 0x0400_0000;
/** EIMC, bit 28. */
export const EIMC_ECC = 0x1000_0000;
/** EIMC, bit 29. */
export const EIMC_DHER = 0x2000_0000;
/** EIMC, bit 30. */
export const EIMC_TCP_TIMER = 0x4000_0000;
/** EIAM, bits 15:0. */
export const EIAM_RTXQ = 0xffff;
/** The lowest bit of {@link EIAM_RTXQ}. */
export const EIAM_RTXQ_SHIFT = 0;
/** EIAM, bit 16. */
export const EIAM_FLOW_DIR = 0x0001_0000;
/** EIAM, bit 17. */
export const EIAM_RX_MISS = 0x0002_0000;
/** EIAM, bit 18. */
export const EIAM_PCI = 0x0004_0000;
/** EIAM, bit 19. */
export const EIAM_MAILBOX = 0x0008_0000;
/** EIAM, bit 20. */
export const EIAM_LSC = 0x0010_0000;
/** EIAM, bit 21. */
export const EIAM_LINKSEC = 0x0020_0000;
/** EIAM, bit 22. */
export const EIAM_MNG = 0x0040_0000;
/** EIAM, bit 24. */
export const EIAM_GPI_SDP0 = 0x0100_0000;
/** EIAM, bit 25. */
export const EIAM_GPI_SDP1 = 0x0200_0000;
/** EIAM, bit 26. */
export const EIAM_GPI_SDP2 = 0x0400_0000;
/** EIAM, bit 28. */
export const EIAM_ECC = 0x1000_0000;
/** EIAM, bit 29. */
export const EIAM_DHER = 0x2000_0000;
/** EIAM, bit 30. */
export const EIAM_TCP_TIMER = 0x4000_0000;
/** GPIE, bit 0. */
export const GPIE_SDP0_GPIEN = 0x1;
/** GPIE, bit 1. */
export const GPIE_SDP1_GPIEN = 0x2;
/** GPIE, bit 2. */
export const GPIE_SDP2_GPIEN = 0x4;
/** GPIE, bit 4. */
export const GPIE_MSIX_MODE = 0x10;
/** GPIE, bit 5. */
export const GPIE_OCD = 0x20;
/** GPIE, bit 6. */
export const GPIE_EIMEN = 0x40;
/** GPIE, bits 13:11. */
export const GPIE_RSC_DELAY = 0x3800;
/** The lowest bit of {@link GPIE_RSC_DELAY}. */
export const GPIE_RSC_DELAY_SHIFT = 11;
/** GPIE, bits 15:14. */
export const GPIE_VTMODE = 0xc000;
/** The lowest bit of {@link GPIE_VTMODE}. */
export const GPIE_VTMODE_SHIFT = 14;
/** GPIE, bit 30. */
export const GPIE_EIAME = 0x4000_0000;
/** GPIE, bit 31. */
export const GPIE_PBA_SUPPORT = 0x8000_0000;
/** IVAR, bits 5:0. */
export const IVAR_RX_EVEN = 0x3f;
/** The lowest bit of {@link IVAR_RX_EVEN}. */
export const IVAR_RX_EVEN_SHIFT = 0;
/** IVAR, bit 7. */
export const IVAR_RX_EVEN_VAL = 0x80;
/** IVAR, bits 13:8. */
export const IVAR_TX_EVEN = 0x3f00;
/** The lowest bit of {@link IVAR_TX_EVEN}. */
export const IVAR_TX_EVEN_SHIFT = 8;
/** IVAR, bit 15. */
export const IVAR_TX_EVEN_VAL = 0x8000;
/** IVAR, bits 21:16. */
export const IVAR_RX_ODD = 0x003f_0000;
/** The lowest bit of {@link IVAR_RX_ODD}. */
export const IVAR_RX_ODD_SHIFT = 16;
/** IVAR, bit 23. */
export const IVAR_RX_ODD_VAL = 0x0080_0000;
/** IVAR, bits 29:24. */
export const IVAR_TX_ODD = 0x3f00_0000;
/** The lowest bit of {@link IVAR_TX_ODD}. */
export const IVAR_TX_ODD_SHIFT = 24;
/** IVAR, bit 31. */
export const IVAR_TX_ODD_VAL = 0x8000_0000;
/** IVAR_MISC, bits 5:0. */
export const IVAR_MISC_TCP_TIMER = 0x3f;
/** The lowest bit of {@link IVAR_MISC_TCP_TIMER}. */
export const IVAR_MISC_TCP_TIMER_SHIFT = 0;
/** IVAR_MISC, bit 7. */
export const IVAR_MISC_TCP_TIMER_VAL = 0x80;
/** IVAR_MISC, bits 13:8. */
export const IVAR_MISC_OTHER = 0x3f00;
/** The lowest bit of {@link IVAR_MISC_OTHER}. */
export const IVAR_MISC_OTHER_SHIFT = 8;
/** IVAR_MISC, bit 15. */
export const IVAR_MISC_OTHER_VAL = 0x8000;
/** RXCTRL, bit 0. */
export const RXCTRL_RXEN = 0x1;
/** RDRXCTL, bit 1. */
export const RDRXCTL_CRCSTRIP = 0x2;
/** RDRXCTL, bit 3, read only. */
export const RDRXCTL_DMAIDONE = 0x8;
/** RDRXCTL, bit 16. */
export const RDRXCTL_AGGDIS = 0x0001_0000;
/** RDRXCTL, bits 21:17. */
export const RDRXCTL_RSCFRSTSIZE = 0x003e_0000;
/** The lowest bit of {@link RDRXCTL_RSCFRSTSIZE}. */
export const RDRXCTL_RSCFRSTSIZE_SHIFT = 17;
/** RDRXCTL, bit 25. */
export const RDRXCTL_RSCACKC = 0x0200_0000;
/** RDRXCTL, bit 26. */
export const RDRXCTL_FCOE_WRFIX = 0x0400_0000;
/** FCTRL, bit 1. */
export const FCTRL_SBP = 0x2;
/** FCTRL, bit 8. */
export const FCTRL_MPE = 0x100;
/** FCTRL, bit 9. */
export const FCTRL_UPE = 0x200;
/** FCTRL, bit 10. */
export const FCTRL_BAM = 0x400;
/** FCTRL, bit 12. */
export const FCTRL_PMCF = 0x1000;
/** FCTRL, bit 13. */
export const FCTRL_DPF = 0x2000;
/** VLNCTRL, bits 15:0. */
export const VLNCTRL_VET = 0xffff;
/** The lowest bit of {@link VLNCTRL_VET}. */
export const VLNCTRL_VET_SHIFT = 0;
/** VLNCTRL, bit 28. */
export const VLNCTRL_CFI = 0x1000_0000;
/** VLNCTRL, bit 29. */
export const VLNCTRL_CFIEN = 0x2000_0000;
/** VLNCTRL, bit 30. */
export const VLNCTRL_VFE = 0x4000_0000;
/** MCSTCTRL, bits 1:0. */
export const MCSTCTRL_MO = 0x3;
/** The lowest bit of {@link MCSTCTRL_MO}. */
export const MCSTCTRL_MO_SHIFT = 0;
/** MCSTCTRL, bit 2. */
export const MCSTCTRL_MFE = 0x4;
/** RXCSUM, bit 12. */
export const RXCSUM_IPPCSE = 0x1000;
/** RXCSUM, bit 13. */
export const RXCSUM_PCSD = 0x2000;
/** RFCTL, bit 5. */
export const RFCTL_RSC_DIS = 0x20;
/** RFCTL, bit 6. */
export const RFCTL_NFSW_DIS = 0x40;
/** RFCTL, bit 7. */
export const RFCTL_NFSR_DIS = 0x80;
/** MRQC, bits 3:0. */
export const MRQC_MRQE = 0xf;
/** The lowest bit of {@link MRQC_MRQE}. */
export const MRQC_MRQE_SHIFT = 0;
/** MRQC, bits 31:16. */
export const MRQC_RSS_FIELDS = 0xffff_0000;
/** The lowest bit of {@link MRQC_RSS_FIELDS}. */
export const MRQC_RSS_FIELDS_SHIFT = 16;
/** RETA, bits 3:0. */
export const RETA_Q0 = 0xf;
/** The lowest bit of {@link RETA_Q0}. */
export const RETA_Q0_SHIFT = 0;
/** RETA, bits 11:8. */
export const RETA_Q1 = 0xf00;
/** The lowest bit of {@link RETA_Q1}. */
export const RETA_Q1_SHIFT = 8;
/** RETA, bits 19:16. */
export const RETA_Q2 = 0x000f_0000;
/** The lowest bit of {@link RETA_Q2}. */
export const RETA_Q2_SHIFT = 16;
/** RETA, bits 27:24. */
export const RETA_Q3 = 0x0f00_0000;
/** The lowest bit of {@link RETA_Q3}. */
export const RETA_Q3_SHIFT = 24;
/** RAH, bits 15:0. */
export const RAH_RAH = 0xffff;
/** The lowest bit of {@link RAH_RAH}. */
export const RAH_RAH_SHIFT = 0;
/** RAH, bit 31. */
export const RAH_AV = 0x8000_0000;
/** PSRTYPE, bit 4. */
export const PSRTYPE_TCPHDR = 0x10;
/** PSRTYPE, bit 5. */
export const PSRTYPE_UDPHDR = 0x20;
/** PSRTYPE, bit 8. */
export const PSRTYPE_IPV4HDR = 0x100;
/** PSRTYPE, bit 9. */
export const PSRTYPE_IPV6HDR = 0x200;
/** PSRTYPE, bit 12. */
export const PSRTYPE_L2HDR = 0x1000;
/** PSRTYPE, bits 31:29. */
export const PSRTYPE_RQPL = 0xe000_0000;
/** The lowest bit of {@link PSRTYPE_RQPL}. */
export const PSRTYPE_RQPL_SHIFT = 29;
/** RXPBSIZE, bits 19:10. */
export const RXPBSIZE_SIZE = 0x000f_fc00;
/** The lowest bit of {@link RXPBSIZE_SIZE}. */
export const RXPBSIZE_SIZE_SHIFT = 10;
/** RDLEN, bits 19:7. */
export const RDLEN_LEN = 0x000f_ff80;
/** The lowest bit of {@link RDLEN_LEN}. */
export const RDLEN_LEN_SHIFT = 7;
/** DCA_RXCTRL, bit 5. */
export const DCA_RXCTRL_DESC_DCA = 0x20;
/** DCA_RXCTRL, bit 6. */
export const DCA_RXCTRL_HDR_DCA = 0x40;
/** DCA_RXCTRL, bit 7. */
export const DCA_RXCTRL_DATA_DCA = 0x80;
/** DCA_RXCTRL, bit 9. */
export const DCA_RXCTRL_DESC_RRO = 0x200;
/** DCA_RXCTRL, bit 12. */
export const DCA_RXCTRL_HDR_WRO = 0x1000;
/** DCA_RXCTRL, bit 13. */
export const DCA_RXCTRL_DATA_WRO = 0x2000;
/** DCA_RXCTRL, bit 15. */
export const DCA_RXCTRL_HEAD_WRO = 0x8000;
/** DCA_RXCTRL, bits 31:24. */
export const DCA_RXCTRL_CPUID = 0xff00_0000;
/** The lowest bit of {@link DCA_RXCTRL_CPUID}. */
export const DCA_RXCTRL_CPUID_SHIFT = 24;
/** RDH, bits 15:0. */
export const RDH_RDH = 0xffff;
/** The lowest bit of {@link RDH_RDH}. */
export const RDH_RDH_SHIFT = 0;
/** SRRCTL, bits 4:0. */
export const SRRCTL_BSIZEPACKET = 0x1f;
/** The lowest bit of {@link SRRCTL_BSIZEPACKET}. */
export const SRRCTL_BSIZEPACKET_SHIFT = 0;
/** SRRCTL, bits 13:8. */
export const SRRCTL_BSIZEHEADER = 0x3f00;
/** The lowest bit of {@link SRRCTL_BSIZEHEADER}. */
export const SRRCTL_BSIZEHEADER_SHIFT = 8;
/** SRRCTL, bits 24:22. */
export const SRRCTL_RDMTS = 0x01c0_0000;
/** The lowest bit of {@link SRRCTL_RDMTS}. */
export const SRRCTL_RDMTS_SHIFT = 22;
/** SRRCTL, bits 27:25. */
export const SRRCTL_DESCTYPE = 0x0e00_0000;
/** The lowest bit of {@link SRRCTL_DESCTYPE}. */
export const SRRCTL_DESCTYPE_SHIFT = 25;
/** SRRCTL, bit 28. */
export const SRRCTL_DROP_EN = 0x1000_0000;
/** RDT, bits 15:0. */
export const RDT_RDT = 0xffff;
/** The lowest bit of {@link RDT_RDT}. */
export const RDT_RDT_SHIFT = 0;
/** RXDCTL, bit 25. */
export const RXDCTL_ENABLE = 0x0200_0000;
/** RXDCTL, bit 30. */
export const RXDCTL_VME = 0x4000_0000;
/** RSCCTL, bit 0. */
export const RSCCTL_RSCEN = 0x1;
/** RSCCTL, bits 3:2. */
export const RSCCTL_MAXDESC = 0xc;
/** The lowest bit of {@link RSCCTL_MAXDESC}. */
export const RSCCTL_MAXDESC_SHIFT = 2;
/** ETQF, bits 15:0. */
export const ETQF_ETYPE = 0xffff;
/** The lowest bit of {@link ETQF_ETYPE}. */
export const ETQF_ETYPE_SHIFT = 0;
/** ETQF, bits 18:16. */
export const ETQF_UP = 0x0007_0000;
/** The lowest bit of {@link ETQF_UP}. */
export const ETQF_UP_SHIFT = 16;
/** ETQF, bit 19. */
export const ETQF_UP_EN = 0x0008_0000;
/** ETQF, bits 25:20. */
export const ETQF_POOL = 0x03f0_0000;
/** The lowest bit of {@link ETQF_POOL}. */
export const ETQF_POOL_SHIFT = 20;
/** ETQF, bit 26. */
export const ETQF_POOL_EN = 0x0400_0000;
/** ETQF, bit 27. */
export const ETQF_FCOE = 0x0800_0000;
/** ETQF, bit 29. */
export const ETQF_TX_ANTISPOOF = 0x2000_0000;
/** ETQF, bit 30. */
export const ETQF_IEEE1588 = 0x4000_0000;
/** ETQF, bit 31. */
export const ETQF_FILTER_EN = 0x8000_0000;
/** ETQS, bits 22:16. */
export const ETQS_RX_QUEUE = 0x007f_0000;
/** The lowest bit of {@link ETQS_RX_QUEUE}. */
export const ETQS_RX_QUEUE_SHIFT = 16;
/** ETQS, bit 29. */
export const ETQS_LLI = 0x2000_0000;
/** ETQS, bit 31. */
export const ETQS_QUEUE_EN = 0x8000_0000;
/** RSCDBU, bits 6:0. */
export const RSCDBU_RSCSMALDIS = 0x7f;
/** The lowest bit of {@link RSCDBU_RSCSMALDIS}. */
export const RSCDBU_RSCSMALDIS_SHIFT = 0;
/** RSCDBU, bit 7. */
export const RSCDBU_RSCACKDIS = 0x80;
/** FTQF, bits 1:0. */
export const FTQF_PROTOCOL = 0x3;
/** The lowest bit of {@link FTQF_PROTOCOL}. */
export const FTQF_PROTOCOL_SHIFT = 0;
/** FTQF, bits 4:2. */
export const FTQF_PRIORITY = 0x1c;
/** The lowest bit of {@link FTQF_PRIORITY}. */
export const FTQF_PRIORITY_SHIFT = 2;
/** FTQF, bits 13:8. */
export const FTQF_POOL = 0x3f00;
/** The lowest bit of {@link FTQF_POOL}. */
export const FTQF_POOL_SHIFT = 8;
/** FTQF, bits 29:25. */
export const FTQF_MASK = 0x3e00_0000;
/** The lowest bit of {@link FTQF_MASK}. */
export const FTQF_MASK_SHIFT = 25;
/** FTQF, bit 30. */
export const FTQF_POOL_MASK = 0x4000_0000;
/** FTQF, bit 31. */
export const FTQF_QUEUE_EN = 0x8000_0000;
/** L34TIMIR, bits 27:21. */
export const L34TIMIR_RX_QUEUE = 0x0fe0_0000;
/** The lowest bit of {@link L34TIMIR_RX_QUEUE}. */
export const L34TIMIR_RX_QUEUE_SHIFT = 21;
/** SYNQF, bit 0. */
export const SYNQF_QUEUE_EN = 0x1;
/** SYNQF, bits 7:1. */
export const SYNQF_RX_QUEUE = 0xfe;
/** The lowest bit of {@link SYNQF_RX_QUEUE}. */
export const SYNQF_RX_QUEUE_SHIFT = 1;
/** SYNQF, bit 31. */
export const SYNQF_SYNQFP = 0x8000_0000;
/** DMATXCTL, bit 0. */
export const DMATXCTL_TE = 0x1;
/** DMATXCTL, bit 3. */
export const DMATXCTL_GDV = 0x8;
/** DMATXCTL, bits 31:16. */
export const DMATXCTL_VT = 0xffff_0000;
/** The lowest bit of {@link DMATXCTL_VT}. */
export const DMATXCTL_VT_SHIFT = 16;
/** DTXTCPFLGL, bits 11:0. */
export const DTXTCPFLGL_FIRST_SEG = 0xfff;
/** The lowest bit of {@link DTXTCPFLGL_FIRST_SEG}. */
export const DTXTCPFLGL_FIRST_SEG_SHIFT = 0;
/** DTXTCPFLGL, bits 27:16. */
export const DTXTCPFLGL_MID_SEG = 0x0fff_0000;
/** The lowest bit of {@link DTXTCPFLGL_MID_SEG}. */
export const DTXTCPFLGL_MID_SEG_SHIFT = 16;
/** DTXTCPFLGH, bits 11:0. */
export const DTXTCPFLGH_LAST_SEG = 0xfff;
/** The lowest bit of {@link DTXTCPFLGH_LAST_SEG}. */
export const DTXTCPFLGH_LAST_SEG_SHIFT = 0;
/** DTXMXSZRQ, bits 11:0. */
export const DTXMXSZRQ_MAX_BYTES_NUM_REQ = 0xfff;
/** The lowest bit of {@link DTXMXSZRQ_MAX_BYTES_NUM_REQ}. */
export const DTXMXSZRQ_MAX_BYTES_NUM_REQ_SHIFT = 0;
/** RTTDCS, bit 0. */
export const RTTDCS_TDPAC = 0x1;
/** RTTDCS, bit 1. */
export const RTTDCS_VMPAC = 0x2;
/** RTTDCS, bit 4. */
export const RTTDCS_TDRM = 0x10;
/** RTTDCS, bit 6. */
export const RTTDCS_ARBDIS = 0x40;
/** RTTDCS, bit 22. */
export const RTTDCS_BDPM = 0x0040_0000;
/** RTTDCS, bit 23. */
export const RTTDCS_BPBFSM = 0x0080_0000;
/** MTQC, bit 0. */
export const MTQC_RT_ENA = 0x1;
/** MTQC, bit 1. */
export const MTQC_VT_ENA = 0x2;
/** MTQC, bits 3:2. */
export const MTQC_NUM_TC_OR_Q = 0xc;
/** The lowest bit of {@link MTQC_NUM_TC_OR_Q}. */
export const MTQC_NUM_TC_OR_Q_SHIFT = 2;
/** TXPBSIZE, bits 19:10. */
export const TXPBSIZE_SIZE = 0x000f_fc00;
/** The lowest bit of {@link TXPBSIZE_SIZE}. */
export const TXPBSIZE_SIZE_SHIFT = 10;
/** TXPBTHRESH, bits 9:0. */
export const TXPBTHRESH_THRESH = 0x3ff;
/** The lowest bit of {@link TXPBTHRESH_THRESH}. */
export const TXPBTHRESH_THRESH_SHIFT = 0;
/** TDLEN, bits 19:7. */
export const TDLEN_LEN = 0x000f_ff80;
/** The lowest bit of {@link TDLEN_LEN}. */
export const TDLEN_LEN_SHIFT = 7;
/** DCA_TXCTRL, bit 5. */
export const DCA_TXCTRL_DESC_DCA = 0x20;
/** DCA_TXCTRL, bit 9. */
export const DCA_TXCTRL_DESC_RRO = 0x200;
/** DCA_TXCTRL, bit 11. */
export const DCA_TXCTRL_DESC_WRO = 0x800;
/** DCA_TXCTRL, bit 13. */
export const DCA_TXCTRL_DATA_RRO = 0x2000;
/** DCA_TXCTRL, bits 31:24. */
export const DCA_TXCTRL_CPUID = 0xff00_0000;
/** The lowest bit of {@link DCA_TXCTRL_CPUID}. */
export const DCA_TXCTRL_CPUID_SHIFT = 24;
/** TDH, bits 15:0. */
export const TDH_TDH = 0xffff;
/** The lowest bit of {@link TDH_TDH}. */
export const TDH_TDH_SHIFT = 0;
/** TDT, bits 15:0. */
export const TDT_TDT = 0xffff;
/** The lowest bit of {@link TDT_TDT}. */
export const TDT_TDT_SHIFT = 0;
/** TXDCTL, bits 6:0. */
export const TXDCTL_PTHRESH = 0x7f;
/** The lowest bit of {@link TXDCTL_PTHRESH}. */
export const TXDCTL_PTHRESH_SHIFT = 0;
/** TXDCTL, bits 14:8. */
export const TXDCTL_HTHRESH = 0x7f00;
/** The lowest bit of {@link TXDCTL_HTHRESH}. */
export const TXDCTL_HTHRESH_SHIFT = 8;
/** TXDCTL, bits 22:16. */
export const TXDCTL_WTHRESH = 0x007f_0000;
/** The lowest bit of {@link TXDCTL_WTHRESH}. */
export const TXDCTL_WTHRESH_SHIFT = 16;
/** TXDCTL, bit 25. */
export const TXDCTL_ENABLE = 0x0200_0000;
/** TXDCTL, bit 26, clears itself. */
export const TXDCTL_SWFLSH = 0x0400_0000;
/** TDWBAL, bit 0. */
export const TDWBAL_HEAD_WB_EN = 0x1;
/** HLREG0, bit 0. */
export const HLREG0_TXCRCEN = 0x1;
/** HLREG0, bit 1. */
export const HLREG0_RXCRCSTRP = 0x2;
/** HLREG0, bit 2. */
export const HLREG0_JUMBOEN = 0x4;
/** HLREG0, bit 10. */
export const HLREG0_TXPADEN = 0x400;
/** HLREG0, bit 15. */
export const HLREG0_LPBK = 0x8000;
/** HLREG0, bit 16. */
export const HLREG0_MDCSPD = 0x0001_0000;
/** HLREG0, bit 27. */
export const HLREG0_RXLNGTHERREN = 0x0800_0000;
/** MAXFRS, bits 31:16. */
export const MAXFRS_MFS = 0xffff_0000;
/** The lowest bit of {@link MAXFRS_MFS}. */
export const MAXFRS_MFS_SHIFT = 16;
/** AUTOC, bit 0. */
export const AUTOC_FLU = 0x1;
/** AUTOC, bits 8:7. */
export const AUTOC_10G_PMA_PMD = 0x180;
/** The lowest bit of {@link AUTOC_10G_PMA_PMD}. */
export const AUTOC_10G_PMA_PMD_SHIFT = 7;
/** AUTOC, bit 12, clears itself. */
export const AUTOC_AN_RESTART = 0x1000;
/** AUTOC, bits 15:13. */
export const AUTOC_LMS = 0xe000;
/** The lowest bit of {@link AUTOC_LMS}. */
export const AUTOC_LMS_SHIFT = 13;
/** LINKS, bits 29:28. */
export const LINKS_SPEED = 0x3000_0000;
/** The lowest bit of {@link LINKS_SPEED}. */
export const LINKS_SPEED_SHIFT = 28;
/** LINKS, bit 30. */
export const LINKS_UP = 0x4000_0000;
/** AUTOC2, bits 17:16. */
export const AUTOC2_10G_PMA_PMD_SERIAL = 0x0003_0000;
/** The lowest bit of {@link AUTOC2_10G_PMA_PMD_SERIAL}. */
export const AUTOC2_10G_PMA_PMD_SERIAL_SHIFT = 16;
/** ANLP1, bits 19:16. */
export const ANLP1_ANAS = 0x000f_0000;
/** The lowest bit of {@link ANLP1_ANAS}. */
export const ANLP1_ANAS_SHIFT = 16;
/** MACC, bit 0. */
export const MACC_FLU = 0x1;
/** MACC, bit 16. */
export const MACC_FSV_10G = 0x0001_0000;
/** MSCA, bits 15:0. */
export const MSCA_NP_ADDR = 0xffff;
/** The lowest bit of {@link MSCA_NP_ADDR}. */
export const MSCA_NP_ADDR_SHIFT = 0;
/** MSCA, bits 20:16. */
export const MSCA_DEV_TYPE = 0x001f_0000;
/** The lowest bit of {@link MSCA_DEV_TYPE}. */
export const MSCA_DEV_TYPE_SHIFT = 16;
/** MSCA, bits 25:21. */
export const MSCA_PHY_ADDR = 0x03e0_0000;
/** The lowest bit of {@link MSCA_PHY_ADDR}. */
export const MSCA_PHY_ADDR_SHIFT = 21;
/** MSCA, bits 27:26. */
export const MSCA_OP_CODE = 0x0c00_0000;
/** The lowest bit of {@link MSCA_OP_CODE}. */
export const MSCA_OP_CODE_SHIFT = 26;
/** MSCA, bits 29:28. */
export const MSCA_ST_CODE = 0x3000_0000;
/** The lowest bit of {@link MSCA_ST_CODE}. */
export const MSCA_ST_CODE_SHIFT = 28;
/** MSCA, bit 30, clears itself. */
export const MSCA_MDI_COMMAND = 0x4000_0000;
/** MSCA, bit 31. */
export const MSCA_MDI_IN_PROG_EN = 0x8000_0000;
/** MSRWD, bits 15:0. */
export const MSRWD_WRITE_DATA = 0xffff;
/** The lowest bit of {@link MSRWD_WRITE_DATA}. */
export const MSRWD_WRITE_DATA_SHIFT = 0;
/** MSRWD, bits 31:16, read only. */
export const MSRWD_READ_DATA = 0xffff_0000;
/** The lowest bit of {@link MSRWD_READ_DATA}. */
export const MSRWD_READ_DATA_SHIFT = 16;
/** GORCH, bits 3:0. */
export const GORCH_HIGH = 0xf;
/** The lowest bit of {@link GORCH_HIGH}. */
export const GORCH_HIGH_SHIFT = 0;
/** GOTCH, bits 3:0. */
export const GOTCH_HIGH = 0xf;
/** The lowest bit of {@link GOTCH_HIGH}. */
export const GOTCH_HIGH_SHIFT = 0;
/** TORH, bits 3:0. */
export const TORH_HIGH = 0xf;
/** The lowest bit of {@link TORH_HIGH}. */
export const TORH_HIGH_SHIFT = 0;
/** QBRC_H, bits 3:0. */
export const QBRC_H_HIGH = 0xf;
/** The lowest bit of {@link QBRC_H_HIGH}. */
export const QBRC_H_HIGH_SHIFT = 0;
/** QBTC_H, bits 3:0. */
export const QBTC_H_HIGH = 0xf;
/** The lowest bit of {@link QBTC_H_HIGH}. */
export const QBTC_H_HIGH_SHIFT = 0;
/** RQSMR, bits 3:0. */
export const RQSMR_Q_MAP0 = 0xf;
/** The lowest bit of {@link RQSMR_Q_MAP0}. */
export const RQSMR_Q_MAP0_SHIFT = 0;
/** RQSMR, bits 11:8. */
export const RQSMR_Q_MAP1 = 0xf00;
/** The lowest bit of {@link RQSMR_Q_MAP1}. */
export const RQSMR_Q_MAP1_SHIFT = 8;
/** RQSMR, bits 19:16. */
export const RQSMR_Q_MAP2 = 0x000f_0000;
/** The lowest bit of {@link RQSMR_Q_MAP2}. */
export const RQSMR_Q_MAP2_SHIFT = 16;
/** RQSMR, bits 27:24. */
export const RQSMR_Q_MAP3 = 0x0f00_0000;
/** The lowest bit of {@link RQSMR_Q_MAP3}. */
export const RQSMR_Q_MAP3_SHIFT = 24;
/** TQSM, bits 3:0. */
export const TQSM_Q_MAP0 = 0xf;
/** The lowest bit of {@link TQSM_Q_MAP0}. */
export const TQSM_Q_MAP0_SHIFT = 0;
/** TQSM, bits 11:8. */
export const TQSM_Q_MAP1 = 0xf00;
/** The lowest bit of {@link TQSM_Q_MAP1}. */
export const TQSM_Q_MAP1_SHIFT = 8;
/** TQSM, bits 19:16. */
export const TQSM_Q_MAP2 = 0x000f_0000;
/** The lowest bit of {@link TQSM_Q_MAP2}. */
export const TQSM_Q_MAP2_SHIFT = 16;
/** TQSM, bits 27:24. */
export const TQSM_Q_MAP3 = 0x0f00_0000;
/** The lowest bit of {@link TQSM_Q_MAP3}. */
export const TQSM_Q_MAP3_SHIFT = 24;
/** RXNFGBCH, bits 3:0. */
export const RXNFGBCH_HIGH = 0xf;
/** The lowest bit of {@link RXNFGBCH_HIGH}. */
export const RXNFGBCH_HIGH_SHIFT = 0;
/** RXDGBCH, bits 3:0. */
export const RXDGBCH_HIGH = 0xf;
/** The lowest bit of {@link RXDGBCH_HIGH}. */
export const RXDGBCH_HIGH_SHIFT = 0;
/** RXDDGBCH, bits 3:0. */
export const RXDDGBCH_HIGH = 0xf;
/** The lowest bit of {@link RXDDGBCH_HIGH}. */
export const RXDDGBCH_HIGH_SHIFT = 0;
/** RXLPBKGBCH, bits 3:0. */
export const RXLPBKGBCH_HIGH = 0xf;
/** The lowest bit of {@link RXLPBKGBCH_HIGH}. */
export const RXLPBKGBCH_HIGH_SHIFT = 0;
/** RXDLPBKGBCH, bits 3:0. */
export const RXDLPBKGBCH_HIGH = 0xf;
/** The lowest bit of {@link RXDLPBKGBCH_HIGH}. */
export const RXDLPBKGBCH_HIGH_SHIFT = 0;
/** TXDGBCH, bits 3:0. */
export const TXDGBCH_HIGH = 0xf;
/** The lowest bit of {@link TXDGBCH_HIGH}. */
export const TXDGBCH_HIGH_SHIFT = 0;
/** SECTXCTRL, bit 0. */
export const SECTXCTRL_SECTX_DIS = 0x1;
/** SECTXCTRL, bit 1. */
export const SECTXCTRL_TX_DIS = 0x2;
/** SECTXCTRL, bit 2. */
export const SECTXCTRL_STORE_FORWARD = 0x4;
/** SECTXSTAT, bit 0. */
export const SECTXSTAT_SECTX_RDY = 0x1;
/** SECTXSTAT, bit 1. */
export const SECTXSTAT_SECTX_OFF_DIS = 0x2;
/** SECTXSTAT, bit 2. */
export const SECTXSTAT_ECC_TXERR = 0x4;
/** SECTXBUFFAF, bits 9:0. */
export const SECTXBUFFAF_FULLTHRESH = 0x3ff;
/** The lowest bit of {@link SECTXBUFFAF_FULLTHRESH}. */
export const SECTXBUFFAF_FULLTHRESH_SHIFT = 0;
/** SECTXMINIFG, bits 3:0. */
export const SECTXMINIFG_MINSECIFG = 0xf;
/** The lowest bit of {@link SECTXMINIFG_MINSECIFG}. */
export const SECTXMINIFG_MINSECIFG_SHIFT = 0;
/** SECTXMINIFG, bits 18:8. */
export const SECTXMINIFG_MRKRINSERT = 0x0007_ff00;
/** The lowest bit of {@link SECTXMINIFG_MRKRINSERT}. */
export const SECTXMINIFG_MRKRINSERT_SHIFT = 8;
/** SECRXCTRL, bit 0. */
export const SECRXCTRL_SECRX_DIS = 0x1;
/** SECRXCTRL, bit 1. */
export const SECRXCTRL_RX_DIS = 0x2;
/** SECRXSTAT, bit 0. */
export const SECRXSTAT_SECRX_RDY = 0x1;
/** SECRXSTAT, bit 1. */
export const SECRXSTAT_SECRX_OFF_DIS = 0x2;
/** SECRXSTAT, bit 2. */
export const SECRXSTAT_ECC_RXERR = 0x4;
/** LSECTXCAP, bits 23:16. */
export const LSECTXCAP_SUM = 0x00ff_0000;
/** The lowest bit of {@link LSECTXCAP_SUM}. */
export const LSECTXCAP_SUM_SHIFT = 16;
/** LSECTXCTRL, bits 1:0. */
export const LSECTXCTRL_LSTXEN = 0x3;
/** The lowest bit of {@link LSECTXCTRL_LSTXEN}. */
export const LSECTXCTRL_LSTXEN_SHIFT = 0;
/** LSECTXCTRL, bit 5. */
export const LSECTXCTRL_AISCI = 0x20;
/** LSECTXCTRL, bits 31:8. */
export const LSECTXCTRL_PNTHRSH = 0xffff_ff00;
/** The lowest bit of {@link LSECTXCTRL_PNTHRSH}. */
export const LSECTXCTRL_PNTHRSH_SHIFT = 8;
/** LSECRXCAP, bits 23:16. */
export const LSECRXCAP_SUM = 0x00ff_0000;
/** The lowest bit of {@link LSECRXCAP_SUM}. */
export const LSECRXCAP_SUM_SHIFT = 16;
/** LSECRXCTRL, bits 3:2. */
export const LSECRXCTRL_LSRXEN = 0xc;
/** The lowest bit of {@link LSECRXCTRL_LSRXEN}. */
export const LSECRXCTRL_LSRXEN_SHIFT = 2;
/** LSECRXCTRL, bit 6. */
export const LSECRXCTRL_PLSH = 0x40;
/** LSECRXCTRL, bit 7. */
export const LSECRXCTRL_RP = 0x80;
/** IPSTXIDX, bit 0, read-only 0 while SECTXCTRL.SECTX_DIS is 1. */
export const IPSTXIDX_IPS_TX_EN = 0x1;
/** IPSTXIDX, bits 12:3. */
export const IPSTXIDX_SA_IDX = 0x1ff8;
/** The lowest bit of {@link IPSTXIDX_SA_IDX}. */
export const IPSTXIDX_SA_IDX_SHIFT = 3;
/** IPSTXIDX, bit 30, clears itself. */
export const IPSTXIDX_READ = 0x4000_0000;
/** IPSTXIDX, bit 31, clears itself. */
export const IPSTXIDX_WRITE = 0x8000_0000;
/** IPSRXIDX, bit 0, read-only 0 while SECRXCTRL.SECRX_DIS is 1. */
export const IPSRXIDX_IPS_RX_EN = 0x1;
/** IPSRXIDX, bits 2:1. */
export const IPSRXIDX_TABLE = 0x6;
/** The lowest bit of {@link IPSRXIDX_TABLE}. */
export const IPSRXIDX_TABLE_SHIFT = 1;
/** IPSRXIDX, bits 12:3. */
export const IPSRXIDX_TB_IDX = 0x1ff8;
/** The lowest bit of {@link IPSRXIDX_TB_IDX}. */
export const IPSRXIDX_TB_IDX_SHIFT = 3;
/** IPSRXIDX, bit 30, clears itself. */
export const IPSRXIDX_READ = 0x4000_0000;
/** IPSRXIDX, bit 31, clears itself. */
export const IPSRXIDX_WRITE = 0x8000_0000;
/** IPSRXIPIDX, bits 6:0. */
export const IPSRXIPIDX_IP_IDX = 0x7f;
/** The lowest bit of {@link IPSRXIPIDX_IP_IDX}. */
export const IPSRXIPIDX_IP_IDX_SHIFT = 0;
/** IPSRXMOD, bit 0. */
export const IPSRXMOD_VALID = 0x1;
/** IPSRXMOD, bit 2. */
export const IPSRXMOD_PROTO = 0x4;
/** IPSRXMOD, bit 3. */
export const IPSRXMOD_DECRYPT = 0x8;
/** IPSRXMOD, bit 4. */
export const IPSRXMOD_IPV6 = 0x10;
/** FCRTL, bits 18:5. */
export const FCRTL_RTL = 0x0007_ffe0;
/** The lowest bit of {@link FCRTL_RTL}. */
export const FCRTL_RTL_SHIFT = 5;
/** FCRTL, bit 31. */
export const FCRTL_XONE = 0x8000_0000;
/** FCRTH, bits 18:5. */
export const FCRTH_RTH = 0x0007_ffe0;
/** The lowest bit of {@link FCRTH_RTH}. */
export const FCRTH_RTH_SHIFT = 5;
/** FCRTH, bit 31. */
export const FCRTH_FCEN = 0x8000_0000;
/** FCRTV, bits 15:0. */
export const FCRTV_FC_REFRESH = 0xffff;
/** The lowest bit of {@link FCRTV_FC_REFRESH}. */
export const FCRTV_FC_REFRESH_SHIFT = 0;
/** FCCFG, bits 4:3. */
export const FCCFG_TFCE = 0x18;
/** The lowest bit of {@link FCCFG_TFCE}. */
export const FCCFG_TFCE_SHIFT = 3;
/** MFLCN, bit 0. */
export const MFLCN_PMCF = 0x1;
/** MFLCN, bit 1. */
export const MFLCN_DPF = 0x2;
/** MFLCN, bit 2. */
export const MFLCN_RPFCM = 0x4;
/** MFLCN, bit 3. */
export const MFLCN_RFCE = 0x8;
/** MFLCN, bits 11:4. */
export const MFLCN_RPFCE = 0xff0;
/** The lowest bit of {@link MFLCN_RPFCE}. */
export const MFLCN_RPFCE_SHIFT = 4;
/** VT_CTL, bit 0. */
export const VT_CTL_VT_ENA = 0x1;
/** VT_CTL, bits 12:7. */
export const VT_CTL_DEF_PL = 0x1f80;
/** The lowest bit of {@link VT_CTL_DEF_PL}. */
export const VT_CTL_DEF_PL_SHIFT = 7;
/** VT_CTL, bit 29. */
export const VT_CTL_DIS_DEFPL = 0x2000_0000;
/** VT_CTL, bit 30. */
export const VT_CTL_REPLEN = 0x4000_0000;
/** PFVFSPOOF, bits 7:0. */
export const PFVFSPOOF_MACAS = 0xff;
/** The lowest bit of {@link PFVFSPOOF_MACAS}. */
export const PFVFSPOOF_MACAS_SHIFT = 0;
/** PFVFSPOOF, bits 15:8. */
export const PFVFSPOOF_VLANAS = 0xff00;
/** The lowest bit of {@link PFVFSPOOF_VLANAS}. */
export const PFVFSPOOF_VLANAS_SHIFT = 8;
/** PFVFSPOOF, bits 23:16. */
export const PFVFSPOOF_ETHERTYPEAS = 0x00ff_0000;
/** The lowest bit of {@link PFVFSPOOF_ETHERTYPEAS}. */
export const PFVFSPOOF_ETHERTYPEAS_SHIFT = 16;
/** PFDTXGSWC, bit 0. */
export const PFDTXGSWC_LBE = 0x1;
/** VMOLR, bit 16. */
export const VMOLR_LPE = 0x0001_0000;
/** VMOLR, bit 24. */
export const VMOLR_AUPE = 0x0100_0000;
/** VMOLR, bit 25. */
export const VMOLR_ROMPE = 0x0200_0000;
/** VMOLR, bit 26. */
export const VMOLR_ROPE = 0x0400_0000;
/** VMOLR, bit 27. */
export const VMOLR_BAM = 0x0800_0000;
/** VMOLR, bit 28. */
export const VMOLR_MPE = 0x1000_0000;
/** VLVF, bits 11:0. */
export const VLVF_VLAN_ID = 0xfff;
/** The lowest bit of {@link VLVF_VLAN_ID}. */
export const VLVF_VLAN_ID_SHIFT = 0;
/** VLVF, bit 31. */
export const VLVF_VIEN = 0x8000_0000;
/** FDIRCTRL, bits 1:0. */
export const FDIRCTRL_PBALLOC = 0x3;
/** The lowest bit of {@link FDIRCTRL_PBALLOC}. */
export const FDIRCTRL_PBALLOC_SHIFT = 0;
/** FDIRCTRL, bit 3, read only. */
export const FDIRCTRL_INIT_DONE = 0x8;
/** FDIRCTRL, bit 4. */
export const FDIRCTRL_PERFECT_MATCH = 0x10;
/** FDIRCTRL, bit 5. */
export const FDIRCTRL_REPORT_STATUS = 0x20;
/** FDIRCTRL, bit 7. */
export const FDIRCTRL_REPORT_STATUS_ALWAYS = 0x80;
/** FDIRCTRL, bits 14:8. */
export const FDIRCTRL_DROP_Q = 0x7f00;
/** The lowest bit of {@link FDIRCTRL_DROP_Q}. */
export const FDIRCTRL_DROP_Q_SHIFT = 8;
/** FDIRCTRL, bits 20:16. */
export const FDIRCTRL_FLEX = 0x001f_0000;
/** The lowest bit of {@link FDIRCTRL_FLEX}. */
export const FDIRCTRL_FLEX_SHIFT = 16;
/** FDIRCTRL, bits 27:24. */
export const FDIRCTRL_MAX_LENGTH = 0x0f00_0000;
/** The lowest bit of {@link FDIRCTRL_MAX_LENGTH}. */
export const FDIRCTRL_MAX_LENGTH_SHIFT = 24;
/** FDIRCTRL, bits 31:28. */
export const FDIRCTRL_FULL_THRESH = 0xf000_0000;
/** The lowest bit of {@link FDIRCTRL_FULL_THRESH}. */
export const FDIRCTRL_FULL_THRESH_SHIFT = 28;
/** WUC, bit 1. */
export const WUC_PME_EN = 0x2;
/** WUC, bit 2. */
export const WUC_PME_STATUS = 0x4;
/** WUC, bit 4. */
export const WUC_WKEN = 0x10;
/** MANC, bit 17. */
export const MANC_RCV_TCO_EN = 0x0002_0000;
/** MANC, bit 28. */
export const MANC_EN_BMC2OS = 0x1000_0000;
/** MANC, bit 30. */
export const MANC_MPROXYE = 0x4000_0000;
/** HICR, bit 0, read only. */
export const HICR_EN = 0x1;
/** HICR, bit 1. */
export const HICR_C = 0x2;
/** HICR, bit 2, read only. */
export const HICR_SV = 0x4;
/** HICR, bit 6. */
export const HICR_FW_RESET_ENABLE = 0x40;
/** HICR, bit 7. */
export const HICR_FW_RESET = 0x80;
/** GCR, bits 15:12. */
export const GCR_CMPL_TMOUT = 0xf000;
/** The lowest bit of {@link GCR_CMPL_TMOUT}. */
export const GCR_CMPL_TMOUT_SHIFT = 12;
/** GCR, bit 16. */
export const GCR_CMPL_TMOUT_RESEND = 0x0001_0000;
/** GCR, bit 18, read only. */
export const GCR_CAP_VER2 = 0x0004_0000;
/** GCR_EXT, bits 1:0. */
export const GCR_EXT_VT_MODE = 0x3;
/** The lowest bit of {@link GCR_EXT_VT_MODE}. */
export const GCR_EXT_VT_MODE_SHIFT = 0;
/** GCR_EXT, bit 30. */
export const GCR_EXT_BUFFERS_CLEAR = 0x4000_0000;
/** GCR_EXT, bit 31. */
export const GCR_EXT_MSIX_EN = 0x8000_0000;
/** DCA_CTRL, bit 0. */
export const DCA_CTRL_DCA_DIS = 0x1;
/** DCA_CTRL, bits 4:1. */
export const DCA_CTRL_DCA_MODE = 0x1e;
/** The lowest bit of {@link DCA_CTRL_DCA_MODE}. */
export const DCA_CTRL_DCA_MODE_SHIFT = 1;
/** BARCTRL, bits 10:8. */
export const BARCTRL_FLSIZE = 0x700;
/** The lowest bit of {@link BARCTRL_FLSIZE}. */
export const BARCTRL_FLSIZE_SHIFT = 8;
/** BARCTRL, bit 13. */
export const BARCTRL_CSRSIZE = 0x2000;
