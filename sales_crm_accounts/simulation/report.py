def write_report(path, company, play, summary, language):
	path.write_text("todo")
