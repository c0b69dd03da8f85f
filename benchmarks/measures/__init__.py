"""The measures: each module has one coroutine ``run(stage)`` that returns its ``Measure``s."""
