"""Cash matching: which installments a receipt pays, with the evidence for it. Pure rules over what is open."""
