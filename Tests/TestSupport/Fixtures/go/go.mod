module millrace.test/go

go 1.19
