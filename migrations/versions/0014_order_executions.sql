-- The healing order of an approved plan becomes an execution with its completion, in one transaction.
GRANT INSERT ON execution_keys TO flywheel_appliance;
-- Where the appliance reports that heal itself, the loop takes the order's execution back.
GRANT INSERT ON executions, corrections TO flywheel_loop;
-- Its plan is found by the order.
CREATE INDEX plan_approvals_order_idx ON plan_approvals (order_id) WHERE order_id IS NOT NULL;
