using AdaLoRA.Gen.Conformance;

return ConformanceProgram.Run(args, Console.Out);
