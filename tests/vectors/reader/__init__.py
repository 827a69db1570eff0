# SPDX-License-Identifier: Apache-2.0
"""A reader of the Kairan protocol, written from proto/SPEC.md alone. It shares no code with the reference implementation: its job
is to show that the text says enough, and that the reference implementation does what the text says. It writes nothing."""
