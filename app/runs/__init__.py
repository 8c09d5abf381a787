"""Runs on disk and in processes: storage, queue, host, follower, sweeps, exports."""
