"""Every number of an advisory lock, in one list, so that no two uses share one by accident.

A statement of ``sql/`` writes ``{lock.FOLDS}`` for ``Lock.FOLDS``. Numbers in a trigger or
a function of a migration are not changed.
"""

import enum


@enum.unique
class Lock(enum.IntEnum):
    """A number of an advisory lock."""

    # Alone it is held by a migration; with one of the numbers below it, it names one lock.
    SERVER = 7_305_117
    # The chain of the audit log, taken by its trigger until commit.
    AUDIT = 2
    # Turns and folds; steps that may run in parallel share it. Also taken to add a partition.
    FOLDS = 3
    # What follows a migration, by one command at a time.
    SETUP = 4
    # Shared by backups, so that retention drops no partition that is being read.
    PARTITIONS = 5
    POLICY = 6
    SIGNING_KEY = 7

    # With the hash of a step's work: one transaction at a time does it.
    WORK = 7_305_118

    # Seeds of a hash over what is locked.
    EXECUTION = 7305
    SITE_APPLIANCES = 7306
    PLANNED_INCIDENT = 7307
    EVIDENCE_CHAIN = 7308
    PLAN_DIGEST = 7309
    BULK_REQUEST = 7310
    INCIDENT = 7311
