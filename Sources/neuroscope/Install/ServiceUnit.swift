/// The service as systemd runs it: a user of its own, nothing writable but its state.
struct ServiceUnit {
  /// Where the program is.
  let prefix: String

  /// The unit file; see systemd.exec(5) for what is shut.
  var text: String {
    """
    [Unit]
    Description=NeuroScope, a language model whose layers can be watched
    Documentation=man:neuroscope(1)
    After=network.target

    [Service]
    Type=notify
    NotifyAccess=main
    WatchdogSec=60
    ExecStart=\(prefix)/bin/neuroscope serve
    ExecReload=/bin/kill -HUP $MAINPID
    Restart=on-failure
    TimeoutStartSec=300
    TimeoutStopSec=30
    DynamicUser=yes
    StateDirectory=neuroscope
    WorkingDirectory=%S/neuroscope
    Environment=HOME=%S/neuroscope
    Environment=NEUROSCOPE_RECORDINGS_DIR=%S/neuroscope/recordings
    Environment=NEUROSCOPE_HARVESTS_DIR=%S/neuroscope/harvests
    EnvironmentFile=-/etc/default/neuroscope
    LimitNOFILE=65536
    UMask=0077
    NoNewPrivileges=yes
    ProtectSystem=strict
    ProtectHome=yes
    ProtectProc=invisible
    ProtectClock=yes
    ProtectHostname=yes
    ProtectControlGroups=yes
    ProtectKernelLogs=yes
    ProtectKernelModules=yes
    ProtectKernelTunables=yes
    PrivateTmp=yes
    PrivateDevices=yes
    CapabilityBoundingSet=
    LockPersonality=yes
    MemoryDenyWriteExecute=yes
    RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
    RestrictNamespaces=yes
    RestrictRealtime=yes
    RestrictSUIDSGID=yes
    SystemCallArchitectures=native
    SystemCallFilter=@system-service

    [Install]
    WantedBy=multi-user.target

    """
  }
}
