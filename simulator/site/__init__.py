"""A site's identities: certificates, keys, operators, cards, broker; what `kvo provision` makes and others read."""
