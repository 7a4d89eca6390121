/// The commands of a run, at both doors.
enum RunCommands {
  static let all: [any RunCommand.Type] = [
    Pause.self, Resume.self, Step.self, Rewind.self, Fork.self, ChangeHooks.self, Intervene.self,
    RemoveIntervention.self, ChangeWatches.self, Snapshot.self,
  ]
}
