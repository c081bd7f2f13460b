-- Schema and owner of the objects whose new owner must be allowed to create in their schema. That is not required for tables,
-- views, sequences and types.
WITH placed (namespace, owner) AS (
    SELECT pronamespace, proowner FROM pg_catalog.pg_proc
    UNION SELECT collnamespace, collowner FROM pg_catalog.pg_collation
    UNION SELECT connamespace, conowner FROM pg_catalog.pg_conversion
    UNION SELECT oprnamespace, oprowner FROM pg_catalog.pg_operator
    UNION SELECT opcnamespace, opcowner FROM pg_catalog.pg_opclass
    UNION SELECT opfnamespace, opfowner FROM pg_catalog.pg_opfamily
    UNION SELECT cfgnamespace, cfgowner FROM pg_catalog.pg_ts_config
    UNION SELECT dictnamespace, dictowner FROM pg_catalog.pg_ts_dict
    UNION SELECT stxnamespace, stxowner FROM pg_catalog.pg_statistic_ext
)
