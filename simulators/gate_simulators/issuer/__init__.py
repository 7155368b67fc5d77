"""A passport issuing authority: CSCA, document signer, SOD, data groups."""
