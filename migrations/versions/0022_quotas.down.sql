DROP TABLE platform_backlog, site_rows, site_usage;
