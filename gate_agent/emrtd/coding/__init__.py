"""How documents are coded: TLV, ASN.1, CMS, certificates, curves and signatures."""
