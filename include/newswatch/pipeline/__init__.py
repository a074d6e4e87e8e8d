"""The few verbs that DAGs and the command line call."""

from newswatch.ledger.pending import Share
from newswatch.pipeline.announce import AnnounceReport, announce
from newswatch.pipeline.backup import BackupReport, backup
from newswatch.pipeline.build import (
    BuildReport,
    build_as_known,
    build_day,
    ensure_built,
    never_built,
    refuse_days_to_come,
    without_anything,
)
from newswatch.pipeline.compare_topics import Comparison, StoryChange, compare_topics, topics_of_version, versions
from newswatch.pipeline.deliver import Channel, Message, Sending, deliver, message_of, send
from newswatch.pipeline.digest import IssueReport, issue_digest
from newswatch.pipeline.exchange import ExportReport, ImportReport, export_stories, import_stories
from newswatch.pipeline.explain import explain
from newswatch.pipeline.feed_health import FeedHealth, Notice, watch_feeds
from newswatch.pipeline.fetch import FetchReport, fetch_pending
from newswatch.pipeline.find_alternatives import find_alternatives
from newswatch.pipeline.find_feeds import Discovery, Found, discover
from newswatch.pipeline.forget import ForgetReport, forget_day
from newswatch.pipeline.gauges import GAUGES, Gauge, gauges, of_waits
from newswatch.pipeline.import_archive import ArchiveReport, ArchiveWanted, import_archive
from newswatch.pipeline.installation import Newswatch, is_installed, open_in_force, open_newswatch
from newswatch.pipeline.live_check import PageCheck, check_pages
from newswatch.pipeline.maintain import MaintainReport, maintain
from newswatch.pipeline.poll import PollReport, PollShard, plan_poll, poll
from newswatch.pipeline.preload import preload
from newswatch.pipeline.publication import publish_staged
from newswatch.pipeline.reader import Issued, Reader, outcome_meaning, outcome_words
from newswatch.pipeline.recover import CoveredDays, PastWanted, cover_past, fetch_past, find_past, note_past
from newswatch.pipeline.reextract import ReextractReport, reextract_day
from newswatch.pipeline.repair import Repaired, repair
from newswatch.pipeline.restore import RestoreReport, backups_in, restore
from newswatch.pipeline.revisit import VisitReport, visit_due
from newswatch.pipeline.rezone import RezoneReport, rezone
from newswatch.pipeline.tag import TagReport, tag_new
from newswatch.pipeline.verify import Fault, Walk, verify

__all__ = [
    "GAUGES",
    "AnnounceReport",
    "ArchiveReport",
    "ArchiveWanted",
    "BackupReport",
    "BuildReport",
    "Channel",
    "Comparison",
    "CoveredDays",
    "Discovery",
    "ExportReport",
    "Fault",
    "FeedHealth",
    "FetchReport",
    "ForgetReport",
    "Found",
    "Gauge",
    "ImportReport",
    "IssueReport",
    "Issued",
    "MaintainReport",
    "Message",
    "Newswatch",
    "Notice",
    "PageCheck",
    "PastWanted",
    "PollReport",
    "PollShard",
    "Reader",
    "ReextractReport",
    "Repaired",
    "RestoreReport",
    "RezoneReport",
    "Sending",
    "Share",
    "StoryChange",
    "TagReport",
    "VisitReport",
    "Walk",
    "announce",
    "backup",
    "backups_in",
    "build_as_known",
    "build_day",
    "check_pages",
    "compare_topics",
    "cover_past",
    "deliver",
    "discover",
    "ensure_built",
    "explain",
    "export_stories",
    "fetch_past",
    "fetch_pending",
    "find_alternatives",
    "find_past",
    "forget_day",
    "gauges",
    "import_archive",
    "import_stories",
    "is_installed",
    "issue_digest",
    "maintain",
    "message_of",
    "never_built",
    "note_past",
    "of_waits",
    "open_in_force",
    "open_newswatch",
    "outcome_meaning",
    "outcome_words",
    "plan_poll",
    "poll",
    "preload",
    "publish_staged",
    "reextract_day",
    "refuse_days_to_come",
    "repair",
    "restore",
    "rezone",
    "send",
    "tag_new",
    "topics_of_version",
    "verify",
    "versions",
    "visit_due",
    "watch_feeds",
    "without_anything",
]
