DROP TABLE charts;
DROP FUNCTION charts_refuse_change();
