DROP INDEX plan_approvals_order_idx;
REVOKE INSERT ON executions, corrections FROM flywheel_loop;
REVOKE INSERT ON execution_keys FROM flywheel_appliance;
