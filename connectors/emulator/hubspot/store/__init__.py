"""The portal's records, associations, lists, rates and exports."""
